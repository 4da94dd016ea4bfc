//! Authorization by relations: the older API and FGA.

use descope::Client;
use descope::mgmt::authz::{
    AccessOptions, DeleteOptions, ModifiedOptions, ResourceRelations, SaveOptions, TargetsRelations,
};
use descope::mgmt::fga::{MappableOptions, MappableQuery, ResourceId};

use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, shown};

pub(super) fn authz(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let authz = client.mgmt().authz();
    let (namespace, name) = (args.maybe("namespace"), args.text("name")?);
    let relation = args.maybe("relation_definition");
    let (resource, target) = (args.text("resource")?, args.text("target")?);
    let mut save = SaveOptions::default();
    save.old_name = args.string("old_name")?;
    save.schema_name = args.string("schema_name")?;
    let mut delete = DeleteOptions::default();
    delete.schema_name = args.string("schema_name")?;
    let mut access = AccessOptions::default();
    access.context = args.map("context")?;
    match method {
        "save_schema" => {
            let schema = args.parsed("schema")?.unwrap_or_default();
            match args.flag("upgrade")? {
                Some(true) => shown(authz.replace_schema(&schema)),
                _ => shown(authz.save_schema(&schema)),
            }
        }
        "delete_schema" => shown(authz.delete_schema()),
        "load_schema" => shown(authz.load_schema()),
        "save_namespace" => {
            shown(authz.save_namespace(&args.parsed("namespace")?.unwrap_or_default(), &save))
        }
        "delete_namespace" => shown(authz.delete_namespace(name, &delete)),
        "save_relation_definition" => {
            let definition = args.parsed("relation_definition")?.unwrap_or_default();
            let namespace = namespace?.unwrap_or_default();
            shown(authz.save_relation_definition(namespace, &definition, &save))
        }
        "delete_relation_definition" => {
            let namespace = namespace?.unwrap_or_default();
            shown(authz.delete_relation_definition(namespace, name, &delete))
        }
        "create_relations" => {
            shown(authz.create_relations(&args.parsed::<Vec<_>>("relations")?.unwrap_or_default()))
        }
        "delete_relations" => {
            shown(authz.delete_relations(&args.parsed::<Vec<_>>("relations")?.unwrap_or_default()))
        }
        "delete_relations_for_resources" => {
            shown(authz.delete_relations_for_resources(&args.list("resources")?))
        }
        "has_relations" => {
            let queries = args.parsed::<Vec<_>>("relation_queries")?.unwrap_or_default();
            shown(authz.has_relations(&queries))
        }
        "who_can_access" => {
            let (namespace, relation) = (namespace?.unwrap_or_default(), relation?);
            let relation = relation.unwrap_or_default();
            shown(authz.who_can_access(namespace, resource, relation, &access))
        }
        "resource_relations" => {
            let mut options = ResourceRelations::default();
            options.ignore_target_set_relations = args.flag("ignore_target_set_relations")?;
            shown(authz.load_resource_relations(resource, &options))
        }
        "targets_relations" => {
            let mut options = TargetsRelations::default();
            options.include_target_set_relations = args.flag("include_target_set_relations")?;
            shown(authz.load_targets_relations(&args.list("targets")?, &options))
        }
        "what_can_target_access" => shown(authz.what_can_target_access(target, &access)),
        "what_can_target_access_with_relation" => {
            let (namespace, relation) = (namespace?.unwrap_or_default(), relation?);
            let relation = relation.unwrap_or_default();
            shown(authz.what_can_target_access_with_relation(target, namespace, relation))
        }
        "get_modified" => {
            let mut options = ModifiedOptions::default();
            options.since = args.time("since")?;
            shown(authz.load_modified(&options))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

pub(super) fn fga(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let fga = client.mgmt().fga();
    let relations = || Ok(args.parsed::<Vec<_>>("relations")?.unwrap_or_default());
    let mut mappable = MappableOptions::default();
    mappable.resources_limit = args.count("resources_limit")?;
    match method {
        "save_schema" => shown(fga.save_schema(args.text("schema")?)),
        "save_schema_dryrun" => shown(fga.dry_run_schema(args.text("schema")?)),
        "load_schema" => shown(fga.load_schema()),
        "create_relations" => shown(fga.create_relations(&relations()?)),
        "delete_relations" => shown(fga.delete_relations(&relations()?)),
        "check" => shown(fga.check(&relations()?)),
        "load_resources_details" => {
            let items = args.objects("resource_identifiers")?.unwrap_or_default();
            let read = |item: &Args<'_>| {
                Ok(ResourceId::new(item.text("resourceType")?, item.text("resourceId")?))
            };
            let ids = items.iter().map(read).collect::<Sayable<Vec<_>>>()?;
            shown(fga.load_resources_details(&ids))
        }
        "save_resources_details" => {
            let details = args.parsed::<Vec<_>>("resources_details")?.unwrap_or_default();
            shown(fga.save_resources_details(&details))
        }
        "load_mappable_schema" => {
            shown(fga.load_mappable_schema(args.text("tenant_id")?, &mappable))
        }
        "load_mappable_resources" => {
            let items = args.objects("resources_queries")?.unwrap_or_default();
            let read =
                |item: &Args<'_>| Ok(MappableQuery::new(item.text("type")?, item.list("queries")?));
            let queries = items.iter().map(read).collect::<Sayable<Vec<_>>>()?;
            shown(fga.search_mappable_resources(args.text("tenant_id")?, &queries, &mappable))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}
