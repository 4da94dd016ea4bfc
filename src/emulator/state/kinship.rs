//! Who may be in which family.

use super::family::{ADMIN, Family, FamilyMembership, IMPERSONATE};
use super::role::{Permission, Role};
use super::store::Store;
use super::table::By;
use super::user::User;
use crate::emulator::words::fields::Fields;
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

impl Store {
    /// Refuses what needs families where there are none.
    pub(in crate::emulator) fn check_families(&self) -> Result<()> {
        let refusal = || Refusal::argument("The project has families switched off");
        self.family_settings.enabled.then_some(()).ok_or_else(refusal)
    }

    pub(in crate::emulator) fn family(&self, id: &str) -> Result<&Family> {
        self.families.get(By::Id, id).ok_or_else(|| Refusal::missing("family"))
    }

    /// The memberships of a field that holds `FamilyAssociation`s, for this user, in place of those that
    /// they have. A dependent stays in their family.
    pub(in crate::emulator) fn family_memberships<'a>(
        &self,
        user: &User,
        associations: impl Iterator<Item = Fields<'a>>,
    ) -> Result<Vec<FamilyMembership>> {
        self.added_families(Vec::new(), user, associations)
    }

    /// Likewise, beside those that they have.
    pub(in crate::emulator) fn joined_families<'a>(
        &self,
        user: &User,
        associations: impl Iterator<Item = Fields<'a>>,
    ) -> Result<Vec<FamilyMembership>> {
        self.added_families(user.families.clone(), user, associations)
    }

    fn added_families<'a>(
        &self,
        mut memberships: Vec<FamilyMembership>,
        user: &User,
        associations: impl Iterator<Item = Fields<'a>>,
    ) -> Result<Vec<FamilyMembership>> {
        for association in associations {
            let membership = self.family_membership(user, association)?;
            memberships.retain(|known| known.family != membership.family);
            memberships.push(membership);
        }
        if user.dependent
            && !user
                .families
                .iter()
                .map(|of| &of.family)
                .eq(memberships.iter().map(|of| &of.family))
        {
            return Err(Refusal::argument("A dependent stays in their family"));
        }
        if memberships.len() > 1 && !self.family_settings.several {
            return Err(Refusal::argument("A user may be in one family only"));
        }
        Ok(memberships)
    }

    fn family_membership(&self, user: &User, association: Fields<'_>) -> Result<FamilyMembership> {
        self.check_families()?;
        let id = association.text("familyId");
        let family = self
            .families
            .get(By::Id, id)
            .ok_or_else(|| Refusal::argument(format!("There is no family {id:?}")))?;
        let known = user.families.iter().find(|known| known.family == id);
        if known.is_none() {
            self.check_room(family)?;
        }
        let attributes = association.map("familyScopedAttributes").cloned();
        Ok(FamilyMembership {
            family: id.to_owned(),
            roles: self.role_ids(&association.texts("roleNames"), None)?,
            attributes: attributes.or(known.map(|of| of.attributes.clone())).unwrap_or_default(),
        })
    }

    /// Refuses one more member of a family that is full or disabled.
    pub(in crate::emulator) fn check_room(&self, family: &Family) -> Result<()> {
        if family.disabled {
            return Err(Refusal::argument("The family is disabled"));
        }
        let (members, most) =
            (self.users.all(By::Family, &family.id).count(), self.family_settings.max_members);
        if most > 0 && members >= most {
            return Err(Refusal::argument(format!("The family has {most} members already")));
        }
        Ok(())
    }

    /// Removes a family. Its dependents end with it; other members leave it.
    pub(in crate::emulator) fn remove_family(&mut self, id: &str) -> Result<()> {
        self.families.take(By::Id, id).ok_or_else(|| Refusal::missing("family"))?;
        let members = self.users.all(By::Family, id).filter(|user| user.dependent);
        for dependent in members.map(|user| user.id.clone()).collect::<Vec<_>>() {
            self.remove_user(&dependent);
        }
        self.users.edit_all(By::Family, id, |user| user.families.retain(|of| of.family != id));
        Ok(())
    }

    /// Makes the role of those who act for dependents, unless it is there.
    pub(in crate::emulator) fn make_family_admin(&mut self, now: i64) {
        if self.roles.iter().any(|role| role.name == ADMIN && role.tenant.is_none()) {
            return;
        }
        let known = self.permissions.iter().find(|permission| permission.name == IMPERSONATE);
        let permission = known.map_or_else(|| random::id("P"), |permission| permission.id.clone());
        if known.is_none() {
            self.permissions.push(Permission {
                id: permission.clone(),
                name: IMPERSONATE.to_owned(),
                description: String::new(),
            });
        }
        self.roles.push(Role {
            id: random::id("R"),
            name: ADMIN.to_owned(),
            description: String::new(),
            permissions: vec![permission],
            tenant: None,
            default: false,
            private: false,
            created: now,
        });
    }

    /// The ID of the family in which one user may act for another, who depends on it.
    pub(in crate::emulator) fn acting_family(&self, actor: &User, other: &User) -> Result<&Family> {
        self.check_families()?;
        let of_dependent = other.families.first().filter(|_| other.dependent);
        let of_dependent =
            of_dependent.ok_or_else(|| Refusal::forbidden("The user is not a dependent"))?;
        let family = self.family(&of_dependent.family)?;
        if family.disabled {
            return Err(Refusal::forbidden("The family is disabled"));
        }
        let own = actor.families.iter().find(|own| own.family == family.id);
        match own {
            None => Err(Refusal::forbidden("The impersonator is not in the dependent's family")),
            Some(own) if self.permission_names(&own.roles).contains(&IMPERSONATE) => Ok(family),
            Some(_) => Err(Refusal::forbidden(
                "The impersonator's roles in the family do not permit to impersonate",
            )),
        }
    }
}
