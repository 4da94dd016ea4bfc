//! How long a token check and a call take: `cargo bench --bench speed`.
#![allow(missing_docs, reason = "benchmarks have no documentation")]

use criterion::{Criterion, criterion_group, criterion_main};

mod setup;

fn validation(criterion: &mut Criterion) {
    let validation = setup::Validation::new();
    let mut group = criterion.benchmark_group("validation");
    group.bench_function("ring alone", |bencher| bencher.iter(|| validation.ring()));
    group.bench_function("descope", |bencher| bencher.iter(|| validation.descope()));
    group.bench_function("descope and a role", |bencher| {
        bencher.iter(|| validation.with_a_role());
    });
    group.finish();
}

fn call(criterion: &mut Criterion) {
    let call = setup::Call::new();
    let mut group = criterion.benchmark_group("call");
    group.bench_function("ureq alone", |bencher| bencher.iter(|| call.ureq()));
    group.bench_function("descope", |bencher| bencher.iter(|| call.descope()));
    group.finish();

    let [bare, observed] = setup::without_and_with_an_observer();
    let mut group = criterion.benchmark_group("call without a network");
    group.bench_function("descope", |bencher| bencher.iter(|| setup::sign_in(&bare)));
    group.bench_function("descope, observed", |bencher| {
        bencher.iter(|| setup::sign_in(&observed));
    });
    group.finish();
}

criterion_group!(benches, validation, call);
criterion_main!(benches);
