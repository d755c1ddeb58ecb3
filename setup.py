"""Everything that setuptools needs to know stands in settings.ini, the file that nbdev reads too."""
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
parser = ConfigParser(delimiters=["="])
parser.read(here / "settings.ini", encoding="utf-8")
settings = parser["DEFAULT"]

setup(
    name=settings["lib_name"],
    version=settings["version"],
    description=settings["description"],
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=settings["author"],
    author_email=settings["author_email"],
    url=settings["git_url"],
    license="MIT",
    keywords=settings["keywords"],
    packages=find_packages(include=["lux_nb", "lux_nb.*"]),
    python_requires=f">={settings['min_python']}",
    install_requires=settings["requirements"].split(),
    extras_require={
        "dev": settings["dev_requirements"].split() + settings["docs_requirements"].split(),
        "bench": settings["bench_requirements"].split(),
        "cuda13": settings["cuda13_requirements"].split(),
        "cuda12": settings["cuda12_requirements"].split(),
    },
    package_data={"lux_nb": ["py.typed"]},
    zip_safe=False,
)
