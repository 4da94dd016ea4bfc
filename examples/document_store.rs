//! A document store in which people share documents and folders, by fine-grained authorization.
//!
//! ```text
//! cargo run --example document_store --features fga,authz,emulator -- [--save-schema]
//! ```
//!
//! The store keeps the texts, and asks Descope who may see and change them. The program tells a small
//! story with it, in the project named by `DESCOPE_PROJECT_ID`, whose management key is in
//! `DESCOPE_MANAGEMENT_KEY`; without them it runs offline against the emulator. A real project's
//! schema is replaced only if you say `--save-schema`, and only if nothing would be deleted.

use std::collections::BTreeMap;
use std::error::Error;

use descope::Client;
use descope::emulator::Emulator;
use descope::mgmt::authz::AccessOptions;
use descope::mgmt::fga::Relation;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// Owners can edit, editors can view; and what holds for a folder holds for what is in it.
const SCHEMA: &str = "
    model AuthZ 1.0

    type user

    type team
      relation member: user

    type folder
      relation owner: user
      relation editor: user | team#member
      relation viewer: user | team#member

      permission can_edit: owner | editor
      permission can_view: viewer | can_edit

    type doc
      relation folder: folder
      relation owner: user
      relation editor: user | team#member
      relation viewer: user | team#member

      permission can_edit: owner | editor | folder.can_edit
      permission can_view: viewer | can_edit | folder.can_view
";

struct Store {
    client: Client,
    texts: BTreeMap<String, String>,
}

impl Store {
    /// A new document, in a folder.
    fn create(&mut self, user: &str, folder: &str, doc: &str, text: &str) -> Result<()> {
        self.client.mgmt().fga().create_relations(&[
            Relation::new("doc", doc, "owner", "user", user),
            Relation::new("doc", doc, "folder", "folder", folder),
        ])?;
        self.texts.insert(doc.to_owned(), text.to_owned());
        Ok(())
    }

    fn read(&self, user: &str, doc: &str) -> Result<Option<&str>> {
        let may = self.may(user, "can_view", doc)?;
        Ok(self.texts.get(doc).map(String::as_str).filter(|_| may))
    }

    fn write(&mut self, user: &str, doc: &str, text: &str) -> Result<bool> {
        let may = self.may(user, "can_edit", doc)?;
        if let Some(old) = self.texts.get_mut(doc).filter(|_| may) {
            text.clone_into(old);
        }
        Ok(may)
    }

    fn may(&self, user: &str, permission: &str, doc: &str) -> Result<bool> {
        let relation = Relation::new("doc", doc, permission, "user", user);
        Ok(self.client.mgmt().fga().is_allowed(&relation)?)
    }

    /// Those of all documents that a user can view: one question for all of them.
    fn visible_to(&self, user: &str) -> Result<Vec<String>> {
        let ask = |doc: &String| Relation::new("doc", doc, "can_view", "user", user);
        let relations: Vec<_> = self.texts.keys().map(ask).collect();
        let checks = self.client.mgmt().fga().check(&relations)?;
        let allowed = checks.into_iter().filter(|check| check.allowed);
        Ok(allowed.map(|check| check.relation.resource).collect())
    }

    fn share(&self, relation: Relation) -> Result<()> {
        Ok(self.client.mgmt().fga().create_relations(&[relation])?)
    }

    fn unshare(&self, relation: Relation) -> Result<()> {
        Ok(self.client.mgmt().fga().delete_relations(&[relation])?)
    }
}

/// Puts the schema in place, unless a real project would lose something.
fn prepare(client: &Client, offline: bool) -> Result<()> {
    let fga = client.mgmt().fga();
    if !offline {
        if !std::env::args().any(|argument| argument == "--save-schema") {
            return Err("this replaces the project's FGA schema: say --save-schema to do so".into());
        }
        let deletes = fga.dry_run_schema(SCHEMA)?.deletes_preview;
        if deletes.has_deletes {
            return Err(format!("the project would lose {:?}", deletes.relations).into());
        }
    }
    Ok(fga.save_schema(SCHEMA)?)
}

fn main() -> Result<()> {
    let offline = std::env::var_os("DESCOPE_PROJECT_ID").is_none_or(|id| id.is_empty());
    let emulator = offline.then(Emulator::new);
    let client = match &emulator {
        Some(emulator) => Client::builder().emulator(emulator).build()?,
        None => Client::from_env()?,
    };
    prepare(&client, offline)?;
    let mut store = Store { client, texts: BTreeMap::new() };

    store.create("ada", "plans", "roadmap", "First the loom, then the engine.")?;
    store.create("ada", "plans", "budget", "17,000 pounds.")?;
    store.create("bob", "notes", "shopping", "Tea.")?;
    tell(&store, "Ada has two documents, and Bob has one", ["roadmap budget", "shopping", ""])?;

    let bob_views = Relation::new("doc", "roadmap", "viewer", "user", "bob");
    store.share(bob_views.clone())?;
    tell(&store, "Ada shows Bob the roadmap", ["roadmap budget", "roadmap shopping", ""])?;
    expect(!store.write("bob", "roadmap", "First tea.")?, "Bob cannot change it")?;

    store.share(Relation::new("team", "engines", "member", "user", "cyd"))?;
    store.share(Relation::new("folder", "plans", "editor", "team#member", "engines"))?;
    let seen = ["roadmap budget", "roadmap shopping", "roadmap budget"];
    tell(&store, "The folder goes to the team Engines, in which Cyd is", seen)?;
    expect(store.write("cyd", "budget", "18,000 pounds.")?, "Cyd changes the budget")?;
    expect(store.read("ada", "budget")? == Some("18,000 pounds."), "Ada reads what Cyd wrote")?;

    store.unshare(bob_views)?;
    expect(store.read("bob", "roadmap")?.is_none(), "Bob cannot view the roadmap any more")?;

    let mut who = store.client.mgmt().authz().who_can_access(
        "doc",
        "budget",
        "can_edit",
        &AccessOptions::default(),
    )?;
    who.sort_unstable();
    expect(who == ["ada", "cyd"], &format!("The budget can be changed by {}", who.join(" and ")))
}

/// Says what the three can see, which must be this.
fn tell(store: &Store, what: &str, expected: [&str; 3]) -> Result<()> {
    println!("{what}.");
    for (user, expected) in ["ada", "bob", "cyd"].into_iter().zip(expected) {
        let mut visible = store.visible_to(user)?;
        println!(
            "    {user} sees {}",
            if visible.is_empty() { "nothing".into() } else { visible.join(", ") }
        );
        let mut expected: Vec<_> = expected.split_whitespace().collect();
        visible.sort_unstable();
        expected.sort_unstable();
        if visible != expected {
            return Err(format!("{user} should see {expected:?}").into());
        }
    }
    Ok(())
}

fn expect(holds: bool, what: &str) -> Result<()> {
    println!("{what}: {}", if holds { "yes" } else { "NO" });
    if holds { Ok(()) } else { Err(what.into()) }
}
