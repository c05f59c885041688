//! What browsers see: pages, the assets they load, and nothing that decides.

pub mod assets;
pub mod pages;
