"""Stand-ins for packages that Rasa imports but Hotline's pipeline never uses (TensorFlow above all).

Rasa 3.6 imports them at module level, so they cannot be avoided by configuration; without them the environment is
2 GB smaller and starts in half the time (docs/decisions/0001-two-environments.md). Import this module before rasa.
Placeholders may be subclassed and decorated with while rasa is being imported; after `seal()` any use of one raises
`AbsentPackageError`, so nothing can silently compute with a placeholder.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from typing import Any, Optional, Sequence

PACKAGES = (
    "aiogram",
    "boto3",
    "botocore",
    "confluent_kafka",
    "keras",
    "matplotlib",
    "psycopg2",
    "tensorflow",
    "tensorflow_hub",
    "tensorflow_text",
    "twilio",
)
# Sub-modules that rasa reaches as attributes (`tf.keras.layers`) without importing them by name.
ATTRIBUTE_MODULES = frozenset(
    {
        "callbacks", "config", "data", "experimental", "initializers", "keras", "layers", "losses", "math",
        "metrics", "models", "nn", "optimizers", "ragged", "random", "regularizers", "sparse", "strings", "utils",
    }
)  # fmt: skip
_sealed = False


class AbsentPackageError(ImportError):
    """A component that needs an absent package was used."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is not part of this environment. Hotline's pipeline does not need it; for Rasa's neural"
            " components install the extra: uv sync --extra full"
        )


class _PlaceholderType(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        child = _PlaceholderType(name, (_Placeholder,), {"__module__": f"{cls.__module__}.{cls.__name__}"})
        setattr(cls, name, child)
        return child

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if _sealed:
            raise AbsentPackageError(f"{cls.__module__}.{cls.__name__}")
        if len(args) == 1 and callable(args[0]) and not kwargs:
            return args[0]  # used as a decorator: @tf.function
        if cls.__name__ == "function":
            return lambda decorated: decorated  # @tf.function(experimental_relax_shapes=True)
        return super().__call__(*args, **kwargs)

    # Type expressions in annotations: tf.Tensor | None, tf.data.Dataset[...]
    def __getitem__(cls, _: Any) -> Any:
        return cls

    def __or__(cls, _: Any) -> Any:
        return cls

    __ror__ = __or__


class _Placeholder(metaclass=_PlaceholderType):
    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __init_subclass__(cls, **_: Any) -> None:
        pass


class _AbsentModule(types.ModuleType):
    __path__: Sequence[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ATTRIBUTE_MODULES:
            child: Any = _AbsentModule(f"{self.__name__}.{name}")
            sys.modules.setdefault(child.__name__, child)
        else:
            bases: tuple[type, ...] = (_Placeholder,)
            if name.endswith(("Error", "Exception")):
                # rasa names them in except clauses, which accept only exception classes
                child = type(name, (Exception,), {"__module__": self.__name__})
            else:
                child = _PlaceholderType(name, bases, {"__module__": self.__name__})
        setattr(self, name, child)
        return child


class _AbsentFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, packages: Sequence[str]) -> None:
        self.packages = frozenset(packages)

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]], target: Optional[types.ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        if fullname.partition(".")[0] in self.packages:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _AbsentModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def install() -> tuple[str, ...]:
    """Stand in for those of `PACKAGES` that are really missing; returns their names. Call before importing rasa."""
    missing = tuple(name for name in PACKAGES if name not in sys.modules and not importlib.util.find_spec(name))
    if missing:
        sys.meta_path.append(_AbsentFinder(missing))
    return missing


def seal() -> None:
    """From now on using a placeholder raises `AbsentPackageError`. Call after rasa has been imported."""
    global _sealed
    _sealed = True
