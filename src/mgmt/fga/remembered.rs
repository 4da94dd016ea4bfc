//! Checks whose answers the client remembers.

use super::{Check, CheckOptions, Fga, Relation};
use crate::checks::{Asked, Checks};
use crate::digest::{Digest, digest};
use crate::error::Result;

/// An answer as it is kept: with what its own form leaves out.
type Kept = (Option<String>, Check);

impl Fga<'_> {
    /// As [`check_with`](Self::check_with), asking Descope only what is not remembered.
    pub(super) fn check_remembered(
        &self,
        checks: &Checks,
        relations: &[Relation],
        options: &CheckOptions,
    ) -> Result<Vec<Check>> {
        let clock = self.0.0.clock();
        let questions: Vec<_> = relations.iter().map(|relation| key(relation, options)).collect();
        let mut known: Vec<Option<Check>> = questions
            .iter()
            .map(|question| {
                let kept = checks.get(question.as_ref()?, clock)?;
                let (version, mut check) = serde_json::from_slice::<Kept>(&kept).ok()?;
                check.info.schema_version = version;
                Some(check)
            })
            .collect();
        let open: Vec<_> = (0..known.len()).filter(|at| known[*at].is_none()).collect();
        if open.is_empty() && !relations.is_empty() {
            return Ok(known.into_iter().flatten().collect());
        }
        let missing: Vec<_> = open.iter().map(|at| relations[*at].clone()).collect();
        let asked: Vec<_> = open.iter().map(|at| questions[*at]).collect();
        let (answers, fits) = self.ask_and_keep(checks, &missing, &asked, options)?;
        if open.len() == relations.len() {
            return Ok(answers);
        }
        let version = answers.first().map(|answer| &answer.info.schema_version);
        let is_old = |known: &Check| version.is_some_and(|new| *new != known.info.schema_version);
        if !fits || known.iter().flatten().any(is_old) {
            // What cannot be put together with what is remembered is asked for as a whole.
            checks.forget();
            return Ok(self.ask_and_keep(checks, relations, &questions, options)?.0);
        }
        for (at, answer) in open.into_iter().zip(answers) {
            known[at] = Some(answer);
        }
        Ok(known.into_iter().flatten().collect())
    }

    /// Asks Descope, and remembers the answers if there is one to each question, which is the second value.
    fn ask_and_keep(
        &self,
        checks: &Checks,
        relations: &[Relation],
        questions: &[Option<Digest>],
        options: &CheckOptions,
    ) -> Result<(Vec<Check>, bool)> {
        let (answers, asked) = self.ask(relations, options)?;
        let fits = answers.len() == relations.len()
            && answers.iter().zip(relations).all(|(answer, asked)| answer.relation == *asked);
        if let Some(asked) = asked.filter(|_| fits) {
            for (question, answer) in questions.iter().zip(&answers) {
                keep(checks, *question, answer, asked);
            }
        }
        Ok((answers, fits))
    }
}

/// Stands for all that goes into a question.
fn key(relation: &Relation, options: &CheckOptions) -> Option<Digest> {
    serde_json::to_string(&(relation, options)).ok().map(|text| digest(&text))
}

/// Remembers an answer, if nothing but relations and schema decide.
fn keep(checks: &Checks, question: Option<Digest>, answer: &Check, asked: Asked) {
    if answer.info.fact_used {
        return;
    }
    let kept = serde_json::to_vec(&(&answer.info.schema_version, answer));
    if let (Some(question), Ok(kept)) = (question, kept) {
        checks.put(question, kept, asked);
    }
}
