// Fine-grained authorization: both ways to write a schema, evaluated.

import assert from 'node:assert/strict';
import { fails, ok, only, scenario, sorted } from './node_harness.mjs';

const SCHEMA = `model AuthZ 1.0
type user
type org
  relation member: user
type doc
  relation owner: user
  relation org: org
  relation banned: user
  permission can_view: (owner | org.member) - banned
`;

const relation = (resourceType, resource, name, targetType, target) => ({ resourceType, resource, relation: name, targetType, target });

scenario('fga', async ({ sdk }) => {
  const c = sdk.management.fga;
  assert.equal((await ok(c.dryRunSchema({ dsl: SCHEMA }))).deletesPreview.hasDeletes, false);
  await ok(c.saveSchema({ dsl: SCHEMA }));
  assert.equal((await ok(c.loadSchema())).dsl, SCHEMA);
  const member = relation('org', 'acme', 'member', 'user', 'bob');
  await ok(c.createRelations([member, relation('doc', 'plan', 'org', 'org', 'acme'), relation('doc', 'plan', 'owner', 'user', 'ada')]));
  const asked = ['ada', 'bob', 'eve'].map((who) => relation('doc', 'plan', 'can_view', 'user', who));
  const allowed = async (check = c.check) => (await ok(check(asked))).map((of) => of.allowed);
  assert.deepEqual(await allowed(), [true, true, false]);
  assert.deepEqual(await allowed((tuples) => c.checkWithContext(tuples, { ip: '10.0.0.1' })), [true, true, false]);
  await ok(c.createRelations([relation('doc', 'plan', 'banned', 'user', 'ada')]));
  assert.deepEqual(await allowed(), [false, true, false]);
  await ok(c.deleteRelations([member]));
  assert.deepEqual(await allowed(), [false, false, false]);
  await fails(400, c.createRelations([relation('doc', 'plan', 'reader', 'user', 'ada')]));
  const { error } = await fails(400, c.saveSchema({ dsl: 'model AuthZ 1.0\ntype doc\n  relation owner:\n' }));
  assert.match(error.errorMessage, /^Line 3/);
  const preview = (await ok(c.dryRunSchema({ dsl: 'model AuthZ 1.0\ntype user\n' }))).deletesPreview;
  assert.deepEqual([preview.hasDeletes, preview.types.includes('doc')], [true, true]);

  await ok(sdk.management.tenant.createWithId('acme', 'Acme'));
  const plan = { resourceId: 'plan', resourceType: 'doc', displayName: 'The plan' };
  await ok(c.saveResourcesDetails([plan]));
  assert.deepEqual(await ok(c.loadResourcesDetails([{ resourceId: 'plan', resourceType: 'doc' }])), [plan]);
  const mappable = await ok(c.loadMappableSchema('acme', { resourcesLimit: 5 }));
  assert.deepEqual(mappable.mappableResources.find((of) => of.type === 'doc').resources, [{ resource: 'plan' }]);
  const found = await ok(c.searchMappableResources('acme', [{ type: 'doc', queries: ['x'] }, { type: 'doc', queries: ['pla'] }]));
  assert.deepEqual(found.map((of) => of.resources), [[], [{ resource: 'plan' }]]);

  await ok(c.deleteRelations([relation('doc', 'plan', 'banned', 'user', 'ada')]));
  assert.deepEqual(await allowed(), [true, false, false]);
  await ok(c.deleteAllRelations());
  assert.deepEqual(await allowed(), [false, false, false]);
  await ok(c.deleteSchema());
  await fails(400, c.check(asked));
});

const child = (expression) => ({ nType: 'child', expression });
const FILES = {
  name: 'Files',
  namespaces: [{
    name: 'note',
    relationDefinitions: [
      { name: 'owner' },
      {
        name: 'viewer',
        complexDefinition: {
          nType: 'union',
          children: [
            child({ neType: 'self' }),
            child({ neType: 'targetSet', targetRelationDefinition: 'owner', targetRelationDefinitionNamespace: 'note' }),
          ],
        },
      },
    ],
  }],
};

scenario('authz', async ({ sdk }) => {
  const c = sdk.management.authz;
  await ok(c.saveSchema(FILES, true));
  assert.deepEqual(await ok(c.loadSchema()), FILES);
  const definitions = async () =>
    Object.fromEntries((await ok(c.loadSchema())).namespaces.map((of) => [of.name, sorted(of.relationDefinitions)]));
  const note = { note: ['owner', 'viewer'] };
  await ok(c.saveNamespace({ name: 'box', relationDefinitions: [{ name: 'keeper' }] }));
  await ok(c.saveRelationDefinition({ name: 'opener' }, 'box'));
  assert.deepEqual(await definitions(), { ...note, box: ['keeper', 'opener'] });
  await ok(c.deleteRelationDefinition('opener', 'box'));
  assert.deepEqual(await definitions(), { ...note, box: ['keeper'] });
  await ok(c.deleteNamespace('box'));
  assert.deepEqual(await definitions(), note);

  const made = (relationDefinition, target, resource = 'diary') => ({ resource, relationDefinition, namespace: 'note', target });
  const viewers = async () => {
    const asked = ['ada', 'bob', 'eve'].map((target) => made('viewer', target));
    return (await ok(c.hasRelations(asked))).filter((of) => of.hasRelation).map((of) => of.target);
  };
  await ok(c.createRelations([made('owner', 'ada'), made('viewer', 'bob'), made('owner', 'bob', 'log')]));
  assert.deepEqual(await viewers(), ['ada', 'bob']);
  assert.deepEqual((await ok(c.whoCanAccess('diary', 'viewer', 'note'))).sort(), ['ada', 'bob']);
  for (const list of [c.resourceRelations, c.resourceRelationsWithTargetSetsFilter]) {
    assert.deepEqual(sorted(await ok(list('diary')), 'target'), ['ada', 'bob']);
  }
  for (const list of [c.targetsRelations, c.targetsRelationsWithTargetSetsFilter]) {
    assert.deepEqual(sorted(await ok(list(['bob'])), 'resource'), ['diary', 'log']);
  }
  const access = await ok(c.whatCanTargetAccess('ada'));
  assert.deepEqual(sorted(access, 'relationDefinition'), ['owner', 'viewer']);
  assert.deepEqual((await ok(c.whatCanTargetAccessWithRelation('bob', 'viewer', 'note'))).map((of) => of.resource).sort(), ['diary', 'log']);
  const modified = await ok(c.getModified(new Date(Date.now() - 3600e3)));
  assert.deepEqual(modified.resources.sort(), ['diary', 'log']);
  await ok(c.deleteRelations([made('viewer', 'bob')]));
  assert.deepEqual(await viewers(), ['ada']);
  await ok(c.deleteRelationsForResources(['diary']));
  assert.deepEqual(await viewers(), []);
  assert.equal(only(await ok(c.resourceRelations('log'))).target, 'bob');
  await ok(c.createRelations([made('owner', 'ada')]));
  await ok(c.deleteResourceRelationsForResources(['diary']));
  assert.deepEqual(await ok(c.resourceRelations('diary')), []);
  await ok(c.deleteRelationsForIds(['log']));
  assert.deepEqual(await ok(c.resourceRelations('log')), []);
  await ok(c.deleteSchema());
  assert.ok(!(await ok(c.loadSchema())).namespaces?.length);
});
