"""Kinds of which next to nothing is read: ConfigMaps, ServiceAccounts, the API server's version."""

from __future__ import annotations

from msdoctor.facts.objects.base import Meta, Struct


class ServiceAccount(Struct, frozen=True):
    metadata: Meta = Meta()


class ConfigMap(Struct, frozen=True):
    metadata: Meta = Meta()
    data: dict[str, str] = {}


class Version(Struct, frozen=True):
    git_version: str
