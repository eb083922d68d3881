"""The periodic look whether what is held is what the server has: events can be lost without anybody noticing.

Only names and versions are listed. What differs twice, unchanged, was missed: then all is listed anew.
"""

import asyncio
import logging
import random
from collections.abc import Mapping

import aiohttp

from kdns.sources.api.access import Access, AccessError
from kdns.sources.api.intake import Intake, identify
from kdns.sources.api.messages import Garbled, read_page
from kdns.sources.api.pacing import Pace
from kdns.sources.api.reflector import PAGE, Reflector
from kdns.sources.api.replies import ApiTrouble
from kdns.sources.fields import NotUnderstood
from kdns.sources.slices import Slices

log = logging.getLogger("kdns.kubernetes")

_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"

Key = tuple[str, str]
Versions = tuple[str | None, str | None]
"""The version that is held and the one that is listed, None where there is none."""


class Checker:
    """Checks one Reflector's resource every `pace.check` seconds."""

    def __init__(self, access: Access, reflector: Reflector, pace: Pace) -> None:
        self._access = access
        self._reflector = reflector
        self._intake: Intake = reflector.intake
        self._pace = pace

    async def run(self) -> None:
        """Check for ever. A server that does not answer is the reflector's to tell of."""
        while True:
            await self._reflector.synced.wait()
            await asyncio.sleep(random.uniform(0.5, 1.0) * self._pace.check)
            try:
                await self.check()
            except (AccessError, ApiTrouble, Garbled, NotUnderstood, aiohttp.ClientError, OSError) as error:
                log.info("%s: not checked: %s", self._intake.resource.plural, error)
            except Exception:
                log.exception("%s: a defect of kdns in the check", self._intake.resource.plural)

    async def check(self) -> int:
        """Compare once, and again a little later; repair what differs still. Return how many did."""
        suspects = await self._differences()
        if not suspects:
            return 0
        await asyncio.sleep(self._pace.recheck)
        again = await self._differences()
        missed = [key for key, versions in suspects.items() if again.get(key) == versions]
        if missed:
            self._intake.health.differences += len(missed)
            resource = self._intake.resource
            log.warning(
                "%s: %d differ from what the API server has, %s/%s among them; listing anew",
                resource.plural,
                len(missed),
                *missed[0],
            )
            self._reflector.relist("inconsistent")
        return len(missed)

    async def _differences(self) -> Mapping[Key, Versions]:
        """Return what does not agree at the moment; an event that is under way is among it."""
        resource, slices = self._intake.resource, Slices()
        listed: set[int] = set()
        differences: dict[Key, Versions] = {}
        query = {"limit": str(PAGE), **resource.selectors}
        rest = ""
        while True:
            page_query = query | ({"continue": rest} if rest else {})
            async with self._access.get(
                resource.path, page_query, self._pace.grace, _METADATA_ONLY
            ) as content:
                page = read_page(await content.read())
            for raw in page.items:
                namespace, name, version = identify(raw)
                key = (namespace, name)
                listed.add(hash(key))
                held = self._intake.version_of(key)
                if held != version:
                    differences[key] = (held, version)
                await slices.give_way()
            rest = page.rest
            if not rest:
                break
        for key in self._intake.held_keys():
            if hash(key) not in listed:
                differences[key] = (self._intake.version_of(key), None)
            await slices.give_way()
        return differences
