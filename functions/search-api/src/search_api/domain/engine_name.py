"""The engines that search can use."""

from enum import StrEnum


class EngineName(StrEnum):
    POSTGRES = "postgres"
    TYPESENSE = "typesense"
