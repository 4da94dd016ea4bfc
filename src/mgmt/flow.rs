//! Flows: the sign-in journeys made in the console. Feature `mgmt-flow`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Mgmt;
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;

/// Flows; see [`Mgmt::flow`].
#[derive(Clone, Copy, Debug)]
pub struct Flows<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Flows: the sign-in journeys made in the console. They can be listed, moved between projects
    /// and run.
    ///
    /// What a flow and its screens hold is Descope's own business. This crate hands them on as they
    /// are.
    pub fn flow(self) -> Flows<'c> {
        Flows(self)
    }
}

/// # Loading, exporting, importing and deleting
impl Flows<'_> {
    /// All flows of the project.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let list = client.mgmt().flow().load_all()?;
    /// println!("Total number of flows: {}", list.total.unwrap_or_default());
    /// for flow in &list.flows {
    ///     println!("{}: {}", flow.id, flow.name);
    /// }
    /// # assert!(list.flows.iter().any(|flow| flow.name == "Sign Up or In"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<FlowList> {
        self.0.post("/v1/mgmt/flow/list").safe().send()
    }

    /// Deletes flows. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let flow = |id: &str| serde_json::json!({ "flowId": id, "flow": { "id": id } });
    /// # emulator.seed(&serde_json::json!({ "flows": [flow("flow-1"), flow("flow-2")] }))?;
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// client.mgmt().flow().delete_batch(&["flow-1", "flow-2"])?;
    /// # assert!(client.mgmt().flow().export("flow-1").unwrap_err().is_not_found());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty ID. An empty list is sent, and
    /// deletes nothing.
    pub fn delete_batch(&self, flow_ids: &[&str]) -> Result<()> {
        self.0
            .post("/v1/mgmt/flow/delete")
            .check(check::ids("flow_ids", flow_ids))
            .field("ids", flow_ids)
            .send_unit()
    }

    /// A flow and its screens, to [`import`](Self::import) elsewhere.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({ "flows": [
    /// #     { "flowId": "sign-up-or-in", "flow": { "id": "sign-up-or-in" }, "screens": [{ "id": "s1" }] },
    /// # ] }))?;
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let flows = client.mgmt().flow();
    /// let exported = flows.export("sign-up-or-in")?;
    /// let imported = flows.import("sign-up-or-in", &exported.flow, &exported.screens)?;
    /// # assert_eq!(imported, exported);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such flow.
    pub fn export(&self, flow_id: &str) -> Result<FlowWithScreens> {
        self.0
            .post("/v1/mgmt/flow/export")
            .safe()
            .check(check::id("flow_id", flow_id))
            .field("flowId", flow_id)
            .send()
    }

    /// Overwrites a flow and its screens, or makes them, and returns what became of them.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "flows": [
    /// #     { "flowId": "sign-up-or-in", "flow": { "id": "sign-up-or-in" }, "screens": [{ "id": "s1" }] },
    /// # ] })).unwrap();
    /// let flows = client.mgmt().flow();
    /// let exported = flows.export("sign-up-or-in")?;
    /// let copy = flows.import("another", &exported.flow, &exported.screens)?;
    /// assert_eq!(copy.screens, exported.screens);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for a flow or screen that is no JSON object.
    pub fn import(
        &self,
        flow_id: &str,
        flow: &Value,
        screens: &[Value],
    ) -> Result<FlowWithScreens> {
        self.0
            .post("/v1/mgmt/flow/import")
            .check(check::id("flow_id", flow_id))
            .check(check::object("flow", flow))
            .check(screens.iter().try_for_each(|screen| check::object("screens", screen)))
            .field("flowId", flow_id)
            .field("flow", flow)
            .field("screens", screens)
            .send()
    }

    /// A flow as one document, in the format of version 2, to [`import_v2`](Self::import_v2)
    /// elsewhere.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "flows": [
    /// #     { "flowId": "sign-up-or-in", "flow": { "id": "sign-up-or-in" }, "screens": [{ "id": "s1" }] },
    /// # ] })).unwrap();
    /// let flow = client.mgmt().flow().export_v2("sign-up-or-in")?;
    /// assert!(flow.is_object());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such flow.
    pub fn export_v2(&self, flow_id: &str) -> Result<Value> {
        self.0
            .post("/v2/mgmt/flow/export")
            .safe()
            .check(check::id("flow_id", flow_id))
            .field("flowId", flow_id)
            .send_field("flow")
    }

    /// Overwrites a flow, or makes it, from a document in the format of version 2. The document's own
    /// `flowId` does not count.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "flows": [
    /// #     { "flowId": "sign-up-or-in", "flow": { "id": "sign-up-or-in" }, "screens": [{ "id": "s1" }] },
    /// # ] })).unwrap();
    /// let flows = client.mgmt().flow();
    /// let flow = flows.export_v2("sign-up-or-in")?;
    /// flows.import_v2("another", &flow)?;
    /// # assert_eq!(flows.export_v2("another")?["screens"], flow["screens"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for a flow that is no JSON object.
    pub fn import_v2(&self, flow_id: &str, flow: &Value) -> Result<()> {
        let mut flow = flow.clone();
        if let Some(members) = flow.as_object_mut() {
            members.insert("flowId".to_owned(), flow_id.into());
        }
        self.0
            .post("/v2/mgmt/flow/import")
            .check(check::id("flow_id", flow_id))
            .check(check::object("flow", &flow))
            .field("flow", flow)
            .send_unit()
    }
}

/// # Running management flows
impl Flows<'_> {
    /// Runs a flow that needs no user, and waits for what it returns: null if that is nothing.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// use descope::mgmt::flow::FlowRun;
    ///
    /// let run = FlowRun::default().input([("email", "ada@example.com")]);
    /// let output = client.mgmt().flow().run("management-flow", &run)?;
    /// println!("{}", output["result"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such flow, or it fails.
    pub fn run(&self, flow_id: &str, run: &FlowRun) -> Result<Value> {
        self.0
            .post("/v1/mgmt/flow/run")
            .check(check::id("flow_id", flow_id))
            .field("flowId", flow_id)
            .options("options", run)
            .send_output()
    }

    /// Starts a flow that needs no user, and returns the ID of its execution, to ask for the
    /// [`async_result`](Self::load_async_result).
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// let flows = client.mgmt().flow();
    /// let execution = flows.run_async("management-flow", &Default::default())?;
    /// println!("{}", flows.load_async_result(&execution)?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such flow.
    pub fn run_async(&self, flow_id: &str, run: &FlowRun) -> Result<String> {
        self.0
            .post("/v1/mgmt/flow/async/run")
            .check(check::id("flow_id", flow_id))
            .field("flowId", flow_id)
            .options("options", run)
            .send_field("executionId")
    }

    /// What a flow that was started returned: null if that is nothing.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// # let execution_id = "";
    /// let output = client.mgmt().flow().load_async_result(execution_id)?;
    /// println!("{output}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such execution, or it failed.
    pub fn load_async_result(&self, execution_id: &str) -> Result<Value> {
        self.0
            .post("/v1/mgmt/flow/async/result")
            .safe()
            .check(check::id("execution_id", execution_id))
            .field("executionId", execution_id)
            .send_output()
    }
}

impl Call<'_> {
    /// Sends, and returns what a flow did.
    fn send_output(self) -> Result<Value> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Ended {
            output: Value,
        }

        Ok(self.send::<Ended>()?.output)
    }
}

/// The answer of [`Flows::load_all`].
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct FlowList {
    /// The flows.
    #[serde(deserialize_with = "crate::json::required_list")]
    pub flows: Vec<Flow>,
    /// How many there are; `None` if the answer does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A flow of a list.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct Flow {
    /// Its ID.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it is switched off.
    pub disabled: bool,
    /// The flow in Descope's own language.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub dsl: Value,
    /// A mark of its present version: another one after each change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A flow with its screens, as [`Flows::export`] returns it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct FlowWithScreens {
    /// The flow.
    pub flow: Value,
    /// Its screens.
    pub screens: Vec<Value>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How to run a flow.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct FlowRun {
    /// What the flow is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Map<String, Value>>,
    /// Runs the flow as it is edited, not as it is published. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<bool>,
    /// The tenant to run it for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

setters!(FlowRun { input: opt_map<Value>, preview: opt<bool>, tenant: opt<String> });
