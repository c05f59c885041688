//! What attackers try, by the numbers of the list of attacks.

mod consent;
