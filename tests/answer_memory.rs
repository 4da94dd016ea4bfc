//! The memory that hostile answers take: many small items, which are far larger in memory than as text.
//!
//! In a process of its own: it counts what is allocated.

#[path = "../benches/setup/hostile.rs"]
mod hostile;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use descope::transport::{Request, Response};
use descope::{Client, Error};

use self::hostile::{CALLS, Call, SIZE, list, object};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything on to the system's allocator. Without a `realloc` of its own a vector that
// grows is counted beside its copy.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Times the answer's size, which it counts once itself.
const MOST: usize = 12;

/// Items that are small as text.
const ITEMS: [&str; 3] = ["{}", "\"a\"", r#"{"a":{}}"#];

#[test]
fn small_items_take_at_most_twelve_times_the_size_of_the_answer() {
    let answer = Arc::new(Mutex::new(Vec::new()));
    let given = Arc::clone(&answer);
    let client = Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("key")
        .deadline(Duration::from_secs(3600))
        .transport(move |_: Request| Ok(Response::new(given.lock().unwrap().clone())))
        .build()
        .unwrap();
    let mut worst = (0, String::new());
    let mut measure = |what: String, text: String, call: Call| {
        let size = text.len();
        *answer.lock().unwrap() = text.into_bytes();
        let before = NOW.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let result = call(&client);
        let peak = PEAK.load(Ordering::Relaxed) - before;
        match result {
            Ok(()) => {}
            Err(Error::Decode(error)) => {
                let named = error.to_string();
                let named = named.contains("9 times its size") || named.contains("expected");
                assert!(named, "{what}: {error}");
            }
            Err(error) => panic!("{what}: {error}"),
        }
        println!("{what}: {}.{} times", peak / size, peak * 10 / size % 10);
        assert!(peak <= MOST * size, "{what}: {peak} bytes for {size}");
        if peak > worst.0 {
            worst = (peak, what);
        }
    };
    for item in ITEMS {
        let (list, object) = (list(item), object(item));
        for (name, call) in CALLS {
            measure(format!("{name} of {item}"), format!("{{\"{name}\":{list}}}"), call);
        }
        let call = CALLS[0].1;
        measure(format!("many {item}"), object.clone(), call);
        measure(format!("extra {item}"), format!("{{\"users\":[{object}]}}"), call);
        let inner = format!("{{\"users\":[{{\"customAttributes\":{object}}}]}}");
        measure(format!("attributes {item}"), inner, call);
        measure(format!("oauth {item}"), format!("{{\"users\":[{{\"oauth\":{object}}}]}}"), call);
        let roles = format!("{{\"users\":[{{\"roleNames\":{list}}}]}}");
        measure(format!("role names {item}"), roles, call);
        measure(format!("whole {item}"), object, CALLS[8].1);
    }
    println!("at most {} KiB, of {}", worst.0 / 1024, worst.1);
}

#[test]
fn what_is_as_large_as_text_is_read() {
    let user = r#"{"userId":"U2abcdefghijklmnopqrstuvwxyz0","loginIds":["ada@example.com"],
        "name":"Ada Lovelace","email":"ada@example.com","verifiedEmail":true,"status":"enabled",
        "roleNames":["Reader"],"customAttributes":{"number":1},"createdTime":1700000000,
        "userTenants":[{"tenantId":"T2abcdefghijklmnopqrstuvwxyz0","tenantName":"Acme"}],
        "phone":"","picture":"","test":false,"totp":false,"webauthn":false,"password":true,
        "saml":false,"scim":false,"oauth":{},"ssoAppIds":[],"newer":false,"newest":[]}"#;
    let answer = format!("{{\"users\":{}}}", list(user));
    let client = Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("key")
        .deadline(Duration::from_secs(3600))
        .transport(move |_: Request| Ok(Response::new(answer.clone().into_bytes())))
        .build()
        .unwrap();
    let page = client.mgmt().user().search(&Default::default()).unwrap();
    assert_eq!(page.items.len(), (SIZE - user.len()).div_ceil(user.len() + 1));
}
