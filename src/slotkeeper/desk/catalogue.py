"""The catalogue: resources and services, added, changed and switched off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from slotkeeper.desk.arguments import check_function, check_kind, check_version
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.judging import Judging
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.codec import to_json
from slotkeeper.domain.ids import Id, check_id
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.errors import DuplicateIdError, InvalidFieldError, NotFoundError
from slotkeeper.ports import Catalogue, UnitOfWork

Item = TypeVar("Item", Resource, Service)


class Cataloguing(Judging):
    """What can be booked, and on what.

    A command that names an actor needs one of the desk's managers, else it raises `ForbiddenError`.
    """

    def next_number(self) -> int:
        """Return a whole number that the store gives once, for an id of something new.

        Bookings and stored slots of a desk that is ``numbered`` get theirs from the same count. Numbers that
        are not used leave gaps.
        """
        return self._run(Command("next_number"), int, lambda work: work.unit.next_number())

    def add_resource(
        self, resource: Resource, *, actor: Actor | None = None, key: str | None = None
    ) -> Resource:
        """Store a new resource, at version 1.

        Raises:
            DuplicateIdError: There is one with that id; `put_resource` takes it as it comes.
            StaleVersionError: It is not at version 1.
            InvalidFieldError: It cannot be written down, such as a calendar without end.
            NotFoundError: It names a part that there is not.
            ForbiddenError: The actor is no manager.
            IdempotencyMismatchError: The key belongs to another request.
        """
        return self._add(Resource, resource, actor, key)

    def put_resource(
        self, resource: Resource, *, actor: Actor | None = None, key: str | None = None
    ) -> Resource:
        """Store a resource, new or in place of the one with its id, and return what is stored.

        Its version is the one after what is stored, whatever it says itself; where nothing else differs,
        nothing is written. A script that sets a shop up can so run twice.

        Raises:
            InvalidFieldError: It cannot be written down, such as a calendar without end.
            NotFoundError: It names a part that there is not.
            ForbiddenError: The actor is no manager.
            IdempotencyMismatchError: The key belongs to another request.
        """
        return self._put(Resource, resource, actor, key)

    def update_resource(
        self,
        resource: Resource,
        *,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Resource:
        """Store a resource in place of the one with its id, as the next version; bookings stay.

        Raises:
            NotFoundError: There is none with that id, or it names a part that there is not.
            StaleVersionError: The stored one is not at the version expected.
            ForbiddenError: The actor is no manager.
        """
        check_kind("resource", resource, Resource)
        command = Command("update_resource", actor, key, {"item": resource})
        return self._change(Resource, resource.id, lambda _: resource, command, expected_version)

    def edit_resource(
        self, resource_id: Id, change: Callable[[Resource], Resource], *, actor: Actor | None = None
    ) -> Resource:
        """Store what ``change`` makes of a resource as its next version; bookings stay.

        The resource is read under its lock, so that nothing that others change meanwhile is lost. Give only
        what is to be different::

            desk.edit_resource("bay", lambda bay: attrs.evolve(bay, capacity=bay.capacity + 1))

        Args:
            resource_id: Which.
            change: Returns the resource as it is to be, with the same id. Where a passing fault has ended the
                unit of work it is called again, so it must do nothing else; where it raises, the resource
                stays as it is.
            actor: Who asks; one who is named must be a manager.

        Raises:
            NotFoundError: There is none, or it names a part that there is not.
            InvalidFieldError: What ``change`` returns is no resource of that id, or cannot be written down.
            ForbiddenError: The actor is no manager.
        """
        check_function("change", change, needed=True)

        def changed(resource: Resource) -> Resource:
            new = change(resource)
            check_kind("change", new, Resource)
            if new.id != resource_id:
                raise InvalidFieldError("change", new.id, "must leave the id as it is")
            return new

        return self._change(Resource, resource_id, changed, Command("edit_resource", actor), None)

    def deactivate_resource(
        self,
        resource_id: Id,
        *,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Resource:
        """Switch a resource off: nothing new is booked on it, what is booked stays.

        Raises:
            NotFoundError: There is none.
            StaleVersionError: It is not at the version expected.
            ForbiddenError: The actor is no manager.
        """
        command = Command("deactivate_resource", actor, key)
        return self._change(
            Resource, resource_id, lambda one: attrs.evolve(one, active=False), command, expected_version
        )

    def get_resource(self, resource_id: Id) -> Resource:
        """Return a resource, active or not.

        Raises:
            NotFoundError: There is none.
        """
        with self._read() as unit:
            return self._resource(unit, resource_id)

    def resources(self, *, role: str | None = None, active: bool | None = True) -> list[Resource]:
        """Return the resources, those with a role where one is given, active ones unless said otherwise."""
        with self._read() as unit:
            found = unit.resources.all()
        return [one for one in found if (role is None or role in one.roles) and active in (None, one.active)]

    def add_service(self, service: Service, *, actor: Actor | None = None, key: str | None = None) -> Service:
        """Store a new service, at version 1.

        Raises:
            DuplicateIdError: There is one with that id; `put_service` takes it as it comes.
            StaleVersionError: It is not at version 1.
            InvalidFieldError: It cannot be written down, such as a calendar without end.
            NotFoundError: It names a resource that there is not.
            ForbiddenError: The actor is no manager.
            IdempotencyMismatchError: The key belongs to another request.
        """
        return self._add(Service, service, actor, key)

    def put_service(self, service: Service, *, actor: Actor | None = None, key: str | None = None) -> Service:
        """Store a service, new or in place of the one with its id, and return what is stored.

        Its version is the one after what is stored, whatever it says itself; where nothing else differs,
        nothing is written. A script that sets a shop up can so run twice.

        Raises:
            InvalidFieldError: It cannot be written down, such as a calendar without end.
            NotFoundError: It names a resource that there is not.
            ForbiddenError: The actor is no manager.
            IdempotencyMismatchError: The key belongs to another request.
        """
        return self._put(Service, service, actor, key)

    def update_service(
        self,
        service: Service,
        *,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Service:
        """Store a service in place of the one with its id, as the next version; bookings stay.

        Raises:
            NotFoundError: There is none with that id, or it names a resource that there is not.
            StaleVersionError: The stored one is not at the version expected.
            ForbiddenError: The actor is no manager.
        """
        check_kind("service", service, Service)
        command = Command("update_service", actor, key, {"item": service})
        return self._change(Service, service.id, lambda _: service, command, expected_version)

    def deactivate_service(
        self,
        service_id: Id,
        *,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Service:
        """Switch a service off: it is booked no more, what is booked stays.

        Raises:
            NotFoundError: There is none.
            StaleVersionError: It is not at the version expected.
            ForbiddenError: The actor is no manager.
        """
        command = Command("deactivate_service", actor, key)
        return self._change(
            Service, service_id, lambda one: attrs.evolve(one, active=False), command, expected_version
        )

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

    # -- steps -----------------------------------------------------------------------------------------------

    def _add(self, kind: type[Item], item: Item, actor: Actor | None, key: str | None) -> Item:
        check_kind(_word(kind), item, kind)
        name = f"add_{_word(kind)}"
        self._manage(actor, name)

        def change(work: Work) -> Item:
            shelf = _shelf(work.unit, kind)
            if _stored(shelf, item.id) is not None:
                raise DuplicateIdError(_word(kind), item.id)
            _check_references(work.unit, item)
            shelf.put(item)
            return item

        return self._run(Command(name, actor, key, {"item": _storable(item)}), kind, change)

    def _put(self, kind: type[Item], item: Item, actor: Actor | None, key: str | None) -> Item:
        check_kind(_word(kind), item, kind)
        name = f"put_{_word(kind)}"
        self._manage(actor, name)

        def change(work: Work) -> Item:
            shelf = _shelf(work.unit, kind)
            stored = _stored(shelf, item.id)
            if stored is not None and to_json(attrs.evolve(item, version=stored.version)) == to_json(stored):
                return stored
            new = attrs.evolve(item, version=stored.version + 1 if stored is not None else 1)
            _check_references(work.unit, new)
            shelf.put(new)
            return new

        return self._run(Command(name, actor, key, {"item": _storable(item)}), kind, change)

    def _change(
        self,
        kind: type[Item],
        item_id: Id,
        changed: Callable[[Item], Item],
        command: Command,
        expected: int | None,
    ) -> Item:
        check_id(f"{_word(kind)}_id", item_id)
        self._manage(command.actor, command.name)

        def change(work: Work) -> Item:
            if issubclass(kind, Resource):
                work.unit.lock([item_id])
            stored = _shelf(work.unit, kind).get(item_id)
            check_version(_word(kind), item_id, expected, stored.version)
            new = _storable(attrs.evolve(changed(stored), version=stored.version + 1))
            _check_references(work.unit, new)
            _shelf(work.unit, kind).put(new)
            return new

        content = {**command.content, "id": item_id, "version": expected}
        return self._run(attrs.evolve(command, content=content), kind, change)


def _word(kind: type) -> str:
    return kind.__name__.lower()


def _shelf(unit: UnitOfWork, kind: type[Item]) -> Catalogue[Item]:
    shelves: dict[type, Catalogue[Any]] = {Resource: unit.resources, Service: unit.services}
    return shelves[kind]


def _stored(shelf: Catalogue[Item], item_id: Id) -> Item | None:
    try:
        return shelf.get(item_id)
    except NotFoundError:
        return None


def _storable(item: Item) -> Item:
    """Return it if every store can hold it: what cannot be written as JSON lives in this process alone."""
    to_json(item)
    return item


def _check_references(unit: UnitOfWork, item: Resource | Service) -> None:
    """Raise `NotFoundError` where it names a resource that there is not."""
    named = item.parts if isinstance(item, Resource) else (one for need in item.needs for one in need.among)
    for one in named:
        unit.resources.get(one)
