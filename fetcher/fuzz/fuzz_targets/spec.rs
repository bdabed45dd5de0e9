//! Any text as a specification: the form is recognised, and whatever its reader takes can be planned, stays inside the
//! target, and means the same after it was converted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealkit_fetcher::convert::to_native;
use sealkit_fetcher::spec::read::{Choice, read, recognise};
use sealkit_fetcher::spec::{Form, Spec};
use sealkit_fetcher_fuzz::{assert_errors, assert_line, plan};

fuzz_target!(|text: &str| {
    let form = recognise("f", text);
    let spec = match read("f", text, &Choice::default()) {
        Ok(spec) => spec,
        Err(errors) => return assert_errors(&errors, text),
    };
    assert_eq!(form.ok(), Some(spec.form), "read as another form than it was recognised as");
    assert!(!spec.entries.is_empty(), "nothing to fetch, and no word about it");
    let planned = plan(&spec, text);
    // What came in our own form is printed like that of others: the printer is held to the whole of the model.
    let drop_in = Spec { form: if spec.form == Form::Native { Form::CsiParameters } else { spec.form }, ..spec };
    let converted = match to_native(&drop_in) {
        Ok(converted) => converted,
        Err(error) => return error.to_string().lines().for_each(assert_line),
    };
    let back = read("converted", &converted, &Choice::default()).expect("what is made can be read");
    assert_eq!(back.form, Form::Native);
    let again = plan(&back, &converted);
    assert_eq!(again.map(|plan| plan.requests), planned.map(|plan| plan.requests), "{converted}");
});
