//! What a new project has. Facts about a project that has been changed since do not hold there.

use descope::mgmt::user::NewUser;

use crate::world::{Fact, Outcome, World, done, holds, same};

pub(crate) const FACTS: &[Fact] = &[
    Fact { name: "a_project_has_the_role_tenant_admin", check: tenant_admin },
    Fact { name: "a_project_has_an_application_for_oidc", check: application },
    Fact { name: "a_project_has_several_flows", check: flows },
    Fact { name: "a_project_has_a_theme", check: theme },
];

fn tenant_admin(world: &World) -> Outcome {
    let user = NewUser::default().roles(["Tenant Admin"]);
    let user = world.user(&world.name(), &user)?;
    same("the roles", user.roles.join(","), "Tenant Admin")?;
    let permissions = user.extra.get("permissions").and_then(|of| of.as_array());
    holds("the role permits something", permissions.is_some_and(|of| !of.is_empty()))
}

fn application(world: &World) -> Outcome {
    let loaded = world.client.mgmt().sso_application().load("descope-default-oidc");
    same("the ID", done("load", loaded)?.id.as_str(), "descope-default-oidc")
}

fn flows(world: &World) -> Outcome {
    let list = done("load_all", world.client.mgmt().flow().load_all())?;
    same("the total", list.total, u64::try_from(list.flows.len()).ok())?;
    holds("there are more than five", list.flows.len() > 5)?;
    let flow = list.flows.iter().find(|flow| flow.id == "sign-up-or-in");
    same("the name", flow.map(|flow| &*flow.name), Some("Sign Up or In"))?;
    let export = done("export", world.client.mgmt().flow().export("sign-up-or-in"))?;
    holds("there is more than one screen", export.screens.len() > 1)
}

fn theme(world: &World) -> Outcome {
    let theme = done("export", world.client.mgmt().theme().export())?;
    holds("it has a style", theme["cssTemplate"].as_object().is_some_and(|of| !of.is_empty()))?;
    holds("it has a version", theme["version"].is_number())?;
    holds("it has an ID", theme["id"].as_str().is_some_and(|id| !id.is_empty()))
}
