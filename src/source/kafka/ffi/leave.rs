//! The end of the process.

/// Ends the process at once, with this code, without C's exit handlers: a client's threads may
/// still be closing, and OpenSSL's own handler frees under them what they use (seen as "double
/// free or corruption" after a one-shot had printed its result). Flush what was written before.
pub fn leave(code: u8) -> ! {
    // SAFETY: `_exit` takes any status and touches no memory of ours.
    unsafe { libc::_exit(i32::from(code)) }
}
