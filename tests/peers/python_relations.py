"""Fine-grained authorization: both ways to write a schema, evaluated."""

import datetime

from python_harness import breaks, fails, scenario

SCHEMA = """model AuthZ 1.0

type user

type org
  relation member: user

type doc
  relation owner: user
  relation org: org
  relation banned: user
  permission can_view: (owner | org.member) - banned
"""


def relation(resource_type, resource, relation, target_type, target):
    return {
        "resource": resource,
        "resourceType": resource_type,
        "relation": relation,
        "target": target,
        "targetType": target_type,
    }


def allowed(c, who=("ada", "bob", "eve")):
    asked = [relation("doc", "plan", "can_view", "user", target) for target in who]
    answers = c.check(asked)
    assert [answer["relation"] for answer in answers] == asked, answers
    return [target for target, answer in zip(who, answers) if answer["allowed"]]


@scenario
def fga(run):
    c = run.client.mgmt.fga
    c.save_schema(SCHEMA)
    member = relation("org", "acme", "member", "user", "bob")
    made = [
        member,
        relation("doc", "plan", "org", "org", "acme"),
        relation("doc", "plan", "owner", "user", "ada"),
    ]
    assert allowed(c) == []
    c.create_relations(made)
    assert allowed(c) == ["ada", "bob"]
    banned = relation("doc", "plan", "banned", "user", "ada")
    c.create_relations([banned])
    assert allowed(c) == ["bob"]
    c.delete_relations([member, banned])
    assert allowed(c) == ["ada"]
    fails(400, c.create_relations, [relation("doc", "plan", "reader", "user", "ada")])
    error = fails(400, c.save_schema, "model AuthZ 1.0\ntype doc\n  relation owner:\n")
    assert "Line 3" in str(error), error
    assert allowed(c) == ["ada"], "a schema that is refused changes nothing"


FILES = {
    "name": "Files",
    "namespaces": [
        {
            "name": "note",
            "relationDefinitions": [
                {"name": "owner"},
                {
                    "name": "viewer",
                    "complexDefinition": {
                        "nType": "union",
                        "children": [
                            {"nType": "child", "expression": {"neType": "self"}},
                            {
                                "nType": "child",
                                "expression": {
                                    "neType": "targetSet",
                                    "targetRelationDefinition": "owner",
                                    "targetRelationDefinitionNamespace": "note",
                                },
                            },
                        ],
                    },
                },
            ],
        },
    ],
}


def note(definition, target, resource="diary"):
    return {
        "resource": resource,
        "relationDefinition": definition,
        "namespace": "note",
        "target": target,
    }


@scenario
def authz_schema(run):
    c = run.client.mgmt.authz
    c.save_schema(FILES, True)
    assert c.load_schema() == FILES, c.load_schema()

    def definitions():
        schema = c.load_schema()["namespaces"]
        return {of["name"]: [it["name"] for it in of["relationDefinitions"]] for of in schema}

    note = {"note": ["owner", "viewer"]}
    c.save_namespace({"name": "box", "relationDefinitions": [{"name": "keeper"}]})
    assert definitions() == {**note, "box": ["keeper"]}
    c.save_relation_definition({"name": "opener"}, "box")
    assert definitions() == {**note, "box": ["keeper", "opener"]}
    c.save_relation_definition({"name": "closer"}, "box", "opener")
    assert definitions() == {**note, "box": ["keeper", "closer"]}
    c.delete_relation_definition("closer", "box")
    assert definitions() == {**note, "box": ["keeper"]}
    c.delete_namespace("box")
    assert definitions() == note
    c.delete_schema()
    assert not c.load_schema().get("namespaces")


@scenario
def authz(run):
    c = run.client.mgmt.authz
    c.save_schema(FILES, True)
    owner, viewer = note("owner", "ada"), note("viewer", "bob")
    c.create_relations([owner, viewer, note("owner", "bob", "log")])

    def viewers():
        asked = [note("viewer", who) for who in ("ada", "bob", "eve")]
        return [of["target"] for of in c.has_relations(asked) if of["hasRelation"]]

    assert viewers() == ["ada", "bob"], "an owner is a viewer"
    assert sorted(c.who_can_access("diary", "viewer", "note")) == ["ada", "bob"]
    assert c.who_can_access("diary", "owner", "note") == ["ada"]
    made = sorted((of["relationDefinition"], of["target"]) for of in c.resource_relations("diary"))
    assert made == [("owner", "ada"), ("viewer", "bob")]
    made = sorted((of["relationDefinition"], of["resource"]) for of in c.targets_relations(["bob"]))
    assert made == [("owner", "log"), ("viewer", "diary")]
    access = {(of["relationDefinition"], of["resource"]) for of in c.what_can_target_access("ada")}
    assert access == {("owner", "diary"), ("viewer", "diary")}, access
    # Both versions look for these two answers under "relations", where they are not.
    breaks(c.what_can_target_access_with_relation, "ada", "viewer", "note")
    breaks(c.get_modified, datetime.datetime.now() - datetime.timedelta(hours=1))
    c.delete_relations([viewer])
    assert viewers() == ["ada"]
    c.delete_relations_for_resources(["diary"])
    assert viewers() == [] and c.resource_relations("diary") == []
    assert c.who_can_access("log", "viewer", "note") == ["bob"], "other resources keep theirs"
