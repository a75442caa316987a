"""Copies the model manifest, which stands beside the source, into the wheel; all else is in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

NAMES = ("models.toml", "minilm-questions.safetensors", "mpnet-questions.safetensors")
SHIPPED = {f"models/{name}": f"pincite/models/{name}" for name in NAMES}


class BuildWithManifests(build_py):
    """The usual build, then the files of `SHIPPED`; an editable install reads them from the checkout."""

    def run(self) -> None:
        """Build."""
        super().run()
        if not self.editable_mode:
            for source, target in SHIPPED.items():
                path = Path(self.build_lib, target)
                path.parent.mkdir(parents=True, exist_ok=True)
                self.copy_file(source, str(path))


setup(cmdclass={"build_py": BuildWithManifests})
