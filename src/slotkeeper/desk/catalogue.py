"""The catalogue: resources and services, added, changed and switched off."""

from __future__ import annotations

import attrs

from slotkeeper.desk.core import Command, DeskCore, Work, check_version
from slotkeeper.domain.ids import Id
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service


class Cataloguing(DeskCore):
    """What can be booked, and on what."""

    def add_resource(self, resource: Resource) -> Resource:
        """Store a new resource.

        Raises:
            StaleVersionError: There is one with that id.
        """
        return self._put_resource(resource)

    def update_resource(self, resource: Resource, *, expected_version: int | None = None) -> Resource:
        """Store a resource in place of the one with its id, as the next version; bookings stay.

        Raises:
            NotFoundError: There is none with that id.
            StaleVersionError: The stored one is not at the version expected.
        """

        def change(work: Work) -> Resource:
            stored = work.unit.resources.get(resource.id)
            check_version("resource", resource.id, expected_version, stored.version)
            new = attrs.evolve(resource, version=stored.version + 1)
            work.unit.resources.put(new)
            return new

        return self._run(Command("update_resource", None, None, {}), Resource, change)

    def deactivate_resource(self, resource_id: Id, *, expected_version: int | None = None) -> Resource:
        """Switch a resource off: nothing new is booked on it, what is booked stays."""
        off = attrs.evolve(self.get_resource(resource_id), active=False)
        return self.update_resource(off, expected_version=expected_version)

    def get_resource(self, resource_id: Id) -> Resource:
        """Return a resource, active or not.

        Raises:
            NotFoundError: There is none.
        """
        with self._read() as unit:
            return unit.resources.get(resource_id)

    def resources(self, *, role: str | None = None, active: bool | None = True) -> list[Resource]:
        """Return the resources, those with a role where one is given, active ones unless said otherwise."""
        with self._read() as unit:
            found = unit.resources.all()
        return [one for one in found if (role is None or role in one.roles) and active in (None, one.active)]

    def add_service(self, service: Service) -> Service:
        """Store a new service.

        Raises:
            StaleVersionError: There is one with that id.
        """
        return self._put_service(service)

    def update_service(self, service: Service, *, expected_version: int | None = None) -> Service:
        """Store a service in place of the one with its id, as the next version; bookings stay.

        Raises:
            NotFoundError: There is none with that id.
            StaleVersionError: The stored one is not at the version expected.
        """

        def change(work: Work) -> Service:
            stored = work.unit.services.get(service.id)
            check_version("service", service.id, expected_version, stored.version)
            new = attrs.evolve(service, version=stored.version + 1)
            work.unit.services.put(new)
            return new

        return self._run(Command("update_service", None, None, {}), Service, change)

    def deactivate_service(self, service_id: Id, *, expected_version: int | None = None) -> Service:
        """Switch a service off: it is booked no more, what is booked stays."""
        off = attrs.evolve(self.get_service(service_id), active=False)
        return self.update_service(off, expected_version=expected_version)

    def get_service(self, service_id: Id) -> Service:
        """Return a service, active or not.

        Raises:
            NotFoundError: There is none.
        """
        with self._read() as unit:
            return self._service(unit, service_id)

    def services(self, *, active: bool | None = True) -> list[Service]:
        """Return the services, active ones unless said otherwise."""
        with self._read() as unit:
            return [one for one in unit.services.all() if active in (None, one.active)]

    def _put_resource(self, resource: Resource) -> Resource:
        def change(work: Work) -> Resource:
            work.unit.resources.put(resource)
            return resource

        return self._run(Command("add_resource", None, None, {}), Resource, change)

    def _put_service(self, service: Service) -> Service:
        def change(work: Work) -> Service:
            work.unit.services.put(service)
            return service

        return self._run(Command("add_service", None, None, {}), Service, change)
