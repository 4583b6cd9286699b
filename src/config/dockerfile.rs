//! temp
use crate::source::{Source,Spanned};
/// t
#[derive(Debug,Clone,PartialEq,Eq,Default)]
pub struct Dockerfile{ 
/// t
pub syntax: Option<Spanned<String>> }
impl Dockerfile{
/// t
pub fn fetches(&self)->Vec<Spanned<String>>{vec![]}
/// t
pub fn run_grants(&self)->Vec<Spanned<String>>{vec![]}
/// t
pub fn runs_commands(&self)->bool{false}
}
/// t
pub fn parse(_:&Source)->Dockerfile{Dockerfile::default()}
