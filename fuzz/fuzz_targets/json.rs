#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sessionid_fuzz::run("json", data));
