//! A world to test in and to demo.
