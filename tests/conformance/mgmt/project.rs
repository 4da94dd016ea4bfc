//! The project, its flows and themes, and the audit trail.

use std::collections::BTreeMap;

use descope::Client;
use descope::mgmt::analytics::AnalyticsSearch;
use descope::mgmt::audit::{AuditEvent, AuditSearch, AuditType, AuditWebhook};
use descope::mgmt::flow::FlowRun;
use descope::mgmt::project::{
    CloneProject, ExportSnapshot, ImportSnapshot, SnapshotSecret, SnapshotSecrets,
};
use serde_json::Value;

use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, shown};

pub(super) fn call(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let project = client.mgmt().project();
    let (name, files) = (args.text("name")?, args.value("files").unwrap_or(&Value::Null));
    match method {
        "update_name" => shown(project.update_name(name)),
        "update_tags" => shown(project.update_tags(&args.list("tags")?)),
        "list_projects" => shown(project.load_all()),
        "clone" => {
            let mut options = CloneProject::default();
            options.environment = args.parsed("environment")?;
            options.tags = args.strings("tags")?;
            shown(project.clone_project(name, &options))
        }
        "delete" => shown(project.delete()),
        "export_project" => shown(project.export()),
        "import_project" => shown(project.import(files)),
        "export_snapshot" => {
            let mut options = ExportSnapshot::default();
            options.format = args.string("format")?;
            shown(project.export_snapshot(&options))
        }
        "validate_snapshot" => shown(project.validate_snapshot(files, &secrets(args)?)),
        "import_snapshot" => {
            let mut options = ImportSnapshot::default().secrets(secrets(args)?);
            options.excludes = args.strings("excludes")?;
            shown(project.import_snapshot(files, &options))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

fn secrets(args: &Args<'_>) -> Sayable<SnapshotSecrets> {
    let Some(given) = args.object("input_secrets")? else { return Ok(SnapshotSecrets::default()) };
    let read = |item: &Args<'_>| {
        let secret = SnapshotSecret::new(item.text("id")?, item.text("name")?, item.text("type")?);
        Ok(match item.maybe("value")? {
            Some(value) => secret.value(value),
            None => secret,
        })
    };
    let list = |name| -> Sayable<Vec<_>> {
        given.objects(name)?.unwrap_or_default().iter().map(read).collect()
    };
    Ok(SnapshotSecrets::default()
        .connectors(list("connectors")?)
        .oauth_providers(list("oauthProviders")?)
        .outbound_apps(list("outboundApps")?))
}

pub(super) fn flow(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let flows = client.mgmt().flow();
    let id = args.text("flow_id")?;
    let document = |name| args.value(name).unwrap_or(&Value::Null);
    match method {
        "list_flows" => shown(flows.load_all()),
        "delete_flows" => shown(flows.delete_batch(&args.list("flow_ids")?)),
        "export_flow" => shown(flows.export(id)),
        "import_flow" => {
            let screens = args.parsed::<Vec<Value>>("screens")?.unwrap_or_default();
            shown(flows.import(id, document("flow"), &screens))
        }
        "run_flow" => shown(flows.run(id, &flow_run(args)?)),
        "run_flow_async" => shown(flows.run_async(id, &flow_run(args)?)),
        "get_flow_async_result" => shown(flows.load_async_result(args.text("execution_id")?)),
        "export_theme" => shown(client.mgmt().theme().export()),
        "import_theme" => shown(client.mgmt().theme().import(document("theme"))),
        _ => Err(Unsayable::NoAdapter),
    }
}

fn flow_run(args: &Args<'_>) -> Sayable<FlowRun> {
    let mut run = FlowRun::default();
    let Some(given) = args.object("options")? else { return Ok(run) };
    // Python drops what it does not know.
    given.read("ignored");
    run.input = given.map("flow_input")?.or(given.map("input")?);
    run.preview = given.flag("preview")?;
    run.tenant = given.string("tenant")?;
    Ok(run)
}

pub(super) fn audit(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let audit = client.mgmt().audit();
    match method {
        "search" => {
            let mut search = AuditSearch::default();
            search.user_ids = args.strings("user_ids")?;
            search.actions = args.strings("actions")?;
            search.excluded_actions = args.strings("excluded_actions")?;
            search.devices = args.strings("devices")?;
            search.methods = args.strings("methods")?;
            search.geos = args.strings("geos")?;
            search.remote_addresses = args.strings("remote_addresses")?;
            search.login_ids = args.strings("login_ids")?;
            search.tenants = args.strings("tenants")?;
            search.no_tenants = args.flag("no_tenants")?;
            search.text = args.string("text")?;
            search.from = args.time("from_ts")?;
            search.to = args.time("to_ts")?;
            shown(audit.search(&search))
        }
        "create_event" => {
            let kind = args.parsed("type")?.unwrap_or(AuditType::Info);
            let mut event = AuditEvent::new(
                args.text("tenant_id")?,
                args.text("actor_id")?,
                args.text("action")?,
                kind,
            );
            event.user_id = args.string("user_id")?;
            event.data = args.map("data")?;
            shown(audit.create_event(&event))
        }
        "create_audit_webhook" => {
            let mut webhook = AuditWebhook::default();
            webhook.url = args.string("url")?;
            if let Some(headers) = args.parsed::<BTreeMap<String, String>>("headers")? {
                webhook = webhook.headers(headers);
            }
            shown(audit.create_webhook(args.text("name")?, &webhook))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

pub(super) fn analytics(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let given = |name: &str| Ok(args.flag(name)?.unwrap_or_default());
    match method {
        "search" => {
            let mut search = AnalyticsSearch::default();
            search.actions = args.strings("actions")?;
            search.excluded_actions = args.strings("excluded_actions")?;
            search.devices = args.strings("devices")?;
            search.methods = args.strings("methods")?;
            search.geos = args.strings("geos")?;
            search.tenants = args.strings("tenants")?;
            search.from = args.time("from_ts")?;
            search.to = args.time("to_ts")?;
            search.group_by_action = given("group_by_action")?;
            search.group_by_device = given("group_by_device")?;
            search.group_by_method = given("group_by_method")?;
            search.group_by_geo = given("group_by_geo")?;
            search.group_by_tenant = given("group_by_tenant")?;
            search.group_by_referrer = given("group_by_referrer")?;
            search.group_by_created = args.string("group_by_created")?.map(Into::into);
            shown(client.mgmt().analytics().search(&search))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}
