//! The plan as JSON: canonical, digested, and as its schema says.
