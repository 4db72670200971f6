//! Tells the linker where the program's code shall lie.

fn main() {
    println!("cargo::rerun-if-changed=layout.ld");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo names the folder");
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{folder}/layout.ld");
    }
}
