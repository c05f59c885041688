//! The rules, asked from outside: a file per noun, a table wherever one can be walked whole.

#[cfg(test)]
mod answer;
#[cfg(test)]
mod eligibility;
#[cfg(test)]
mod event;
#[cfg(test)]
mod integration;
#[cfg(test)]
mod invitation;
#[cfg(test)]
mod link;
#[cfg(test)]
mod lobby;
#[cfg(test)]
mod meeting;
#[cfg(test)]
mod member;
#[cfg(test)]
mod note;
#[cfg(test)]
mod outcome;
#[cfg(test)]
mod people;
#[cfg(test)]
mod proposal;
#[cfg(test)]
mod refusal;
#[cfg(test)]
mod reminder;
#[cfg(test)]
mod repetition;
#[cfg(test)]
mod role;
#[cfg(test)]
mod schedule;
#[cfg(test)]
mod settle;
#[cfg(test)]
mod track;
