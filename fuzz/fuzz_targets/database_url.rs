#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sessionid_fuzz::run("database_url", data));
