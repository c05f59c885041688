//! The command line: its words, and what each command does.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};
use url::Url;

use crate::app::members::NewMember;
use crate::backup;
use crate::clock::Randomness;
use crate::config::Config;
use crate::demo;
use crate::operator::table;
use crate::serve::{self, StartError};
use crate::sink;
use crate::standalone;
use crate::standalone::doors::Place;
use crate::vault::Vault;

/// What was wrong with the command line, rather than with what it asked for.
const MISUSED: u8 = 2;

/// Mentoring programs whose meetings take place on Microsoft Teams.
#[derive(Debug, Parser)]
#[command(name = "ithaca", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything on this machine, with sample organizations and a sandbox tenant
    Demo {
        /// Where Ithaca listens; port 0 picks a free one
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// Where the sandbox tenant listens; port 0 picks a free one
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
        sandbox_listen: SocketAddr,
        /// Use a sandbox tenant that runs apart: the `url` of `ithaca sandbox`
        #[arg(
            long,
            value_name = "URL",
            requires = "sandbox_admin_url",
            conflicts_with = "sandbox_listen"
        )]
        sandbox_url: Option<Url>,
        /// Its `admin_url`
        #[arg(long, value_name = "URL", requires = "sandbox_url")]
        sandbox_admin_url: Option<Url>,
        /// Keep everything in this directory, to be there again after a restart
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Keep Ithaca's part of it in this PostgreSQL database instead: `postgres://…`
        #[arg(long, value_name = "URL", requires = "data")]
        database: Option<String>,
        /// Say where to look as one line of JSON, once everything answers
        #[arg(long)]
        json: bool,
    },
    /// Start the sandbox tenant alone, for your own project to speak to
    Sandbox {
        /// Where it answers over HTTP; port 0 picks a free one
        #[arg(long, value_name = "HOST:PORT", default_value = "localhost:8081")]
        listen: Place,
        /// Where it answers over HTTPS
        #[arg(long, value_name = "HOST:PORT", default_value = "localhost:8443")]
        tls_listen: Place,
        /// Where it takes mail
        #[arg(long, value_name = "HOST:PORT", default_value = "localhost:8025")]
        smtp_listen: Place,
        /// Where tests look inside and break things
        #[arg(long, value_name = "HOST:PORT", default_value = "localhost:8082")]
        admin_listen: Place,
        /// Begin with the tenants, people and apps of this file
        #[arg(long, value_name = "FILE")]
        seed: Option<PathBuf>,
        /// Keep everything in this file, to be there again after a restart
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
        /// Write the certificate to this file with which clients trust its HTTPS
        #[arg(long, value_name = "FILE")]
        ca_out: Option<PathBuf>,
        /// Say where to look as one line of JSON, once everything answers
        #[arg(long)]
        json: bool,
    },
    /// Serve an instance as its configuration says
    Serve {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Say how the instance does, and end with 1 where something is wrong
    Status {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Say it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Copy the database into a new file, while Ithaca runs
    Backup {
        /// The file to make
        file: PathBuf,
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Put a backup in the place of the database; it begins fenced
    Restore {
        /// The backup
        file: PathBuf,
        /// Move aside what is there
        #[arg(long)]
        replace: bool,
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Let people look and nothing else happen: no mail, no calls to Microsoft, no changes
    Fence {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Confirm that this Ithaca is the only one that works on its data
    Unfence {
        /// Send also what waited to be sent when the backup was made
        #[arg(long)]
        send_waiting: bool,
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Say what is wrong with a configuration, with the line and the remedy
    Check {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// The way to the mail server
    #[command(subcommand)]
    Mail(MailCommand),
    /// Keys that secrets are sealed with
    #[command(subcommand)]
    Key(KeyCommand),
    /// Organizations of this instance
    #[command(subcommand)]
    Organization(OrganizationCommand),
    /// Members of an organization
    #[command(subcommand)]
    Member(MemberCommand),
}

#[derive(Debug, Subcommand)]
enum OrganizationCommand {
    /// Begin an organization
    Create {
        /// Its name
        name: String,
        /// Its part of every address: lower-case letters, digits and hyphens
        #[arg(long)]
        slug: String,
        /// The time zone that its members begin with
        #[arg(long, value_name = "ZONE", default_value = "UTC")]
        time_zone: String,
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum MemberCommand {
    /// Invite a member and print the link that sets their password
    Invite {
        /// The organization's slug
        #[arg(long, value_name = "SLUG")]
        organization: String,
        /// Their e-mail address
        #[arg(long)]
        email: String,
        /// Their first name
        #[arg(long)]
        first_name: String,
        /// Their last name
        #[arg(long)]
        last_name: String,
        /// Let them run the organization
        #[arg(long)]
        global_administrator: bool,
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum MailCommand {
    /// Send a test mail and a test invitation, and say what SPF, DKIM and DMARC will look at
    Test {
        /// Whom to send them to
        address: String,
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a new key in a new file that only you may read
    Create {
        /// The file to make
        file: PathBuf,
    },
    /// Seal with the current key what a retired one sealed, while Ithaca runs
    Reseal {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

/// Runs one command line, its program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let code = obey(arguments);
    sink::finish();
    code
}

fn obey(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    match cli.command {
        Command::Demo {
            listen,
            sandbox_listen,
            sandbox_url,
            sandbox_admin_url,
            data,
            database,
            json,
        } => {
            crate::serve::log(
                "info,sqlx=warn,sea_orm_migration=warn",
                crate::config::LogFormat::Text,
            );
            block_on(demo::run(demo::Settings {
                listen,
                sandbox_listen,
                sandbox: sandbox_url
                    .zip(sandbox_admin_url)
                    .map(|(url, admin_url)| demo::Apart { url, admin_url }),
                data,
                database,
                json,
            }))
        }
        Command::Sandbox {
            listen,
            tls_listen,
            smtp_listen,
            admin_listen,
            seed,
            state,
            ca_out,
            json,
        } => {
            crate::serve::log("info", crate::config::LogFormat::Text);
            block_on(standalone::run(standalone::Settings {
                listen,
                tls_listen,
                smtp_listen,
                admin_listen,
                seed,
                state,
                ca_out,
                json,
            }))
        }
        Command::Serve { config } => block_on(serve::serve(&config)),
        Command::Organization(OrganizationCommand::Create {
            name,
            slug,
            time_zone,
            config,
        }) => block_on(async {
            let address = serve::create_organization(&config, &name, &slug, &time_zone).await?;
            println!(
                "{name} is at {address}. Invite its first global administrator with `ithaca member invite`."
            );
            Ok(())
        }),
        Command::Member(MemberCommand::Invite {
            organization,
            email,
            first_name,
            last_name,
            global_administrator,
            config,
        }) => block_on(async {
            let new = NewMember {
                first_name,
                last_name,
                email,
                global_administrator,
            };
            let address = serve::invite_member(&config, &organization, &new).await?;
            println!("{address}\nThis link sets their password. It works once, for two weeks.");
            Ok(())
        }),
        Command::Mail(MailCommand::Test { address, config }) => {
            tells(serve::test_mail(&config, &address))
        }
        Command::Status { config, json } => status(&config, json),
        Command::Backup { file, config } => tells(backup::backup(&config, &file)),
        Command::Restore {
            file,
            replace,
            config,
        } => tells(backup::restore(&config, &file, replace)),
        Command::Fence { config } => tells(backup::raise(&config)),
        Command::Unfence {
            send_waiting,
            config,
        } => tells(backup::lower(&config, send_waiting)),
        Command::Check { config } => check(&config),
        Command::Key(command) => key(&command),
    }
}

fn block_on(work: impl Future<Output = Result<(), StartError>>) -> ExitCode {
    match finished(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn finished<T>(work: impl Future<Output = Result<T, StartError>>) -> Result<T, StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError(error.to_string()))?;
    runtime.block_on(work)
}

fn status(config: &std::path::Path, json: bool) -> ExitCode {
    let report = match finished(serve::status(config)) {
        Ok(report) => report,
        Err(error) => return failed(&error),
    };
    let text = if json {
        serde_json::to_string(&report).map(|line| line + "\n")
    } else {
        Ok(table::text(&report))
    };
    match text {
        Ok(text) => print!("{text}"),
        Err(error) => return failed(&error),
    }
    if report.wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Does something and says what came of it.
fn tells(work: impl Future<Output = Result<String, StartError>>) -> ExitCode {
    block_on(async {
        println!("{}", work.await?);
        Ok(())
    })
}

fn check(path: &std::path::Path) -> ExitCode {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => return failed(&error),
    };
    let findings = config.check();
    for finding in &findings {
        eprintln!("{}", finding.in_file(path));
    }
    if findings.is_empty() {
        println!("{} is in order.", path.display());
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn key(command: &KeyCommand) -> ExitCode {
    match command {
        KeyCommand::Create { file } => create_key(file),
        KeyCommand::Reseal { config } => tells(serve::reseal(config)),
    }
}

fn create_key(file: &std::path::Path) -> ExitCode {
    match Vault::make_key_file(file, &Randomness::system()) {
        Ok(id) => {
            println!(
                "Key {id} is in {}. Keep a copy of it apart from your database backups.",
                file.display()
            );
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}

/// Help goes to the terminal; anything else is one sentence and exit code 2.
fn misused(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A closed pipe is no reason to fail.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(MISUSED)
        }
        _ => {
            eprintln!("{}", sentence(error));
            ExitCode::from(MISUSED)
        }
    }
}

/// What clap says on several lines, said in one.
fn sentence(error: &clap::Error) -> String {
    let about = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(" and ")),
        Some(ContextValue::StyledStr(text)) => Some(text.to_string()),
        _ => None,
    };
    let argument = about(ContextKind::InvalidArg).unwrap_or_default();
    let value = about(ContextKind::InvalidValue).unwrap_or_default();
    let sentence = match error.kind() {
        ErrorKind::MissingRequiredArgument => format!("{argument} is missing"),
        ErrorKind::InvalidSubcommand => format!(
            "“{}” is not a command of ithaca",
            about(ContextKind::InvalidSubcommand).unwrap_or_default()
        ),
        ErrorKind::UnknownArgument => format!("{argument} is not known here"),
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} needs a value"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("“{value}” can't be the value of {argument}")
        }
        ErrorKind::ArgumentConflict => {
            format!("{argument} is given twice, or with what excludes it")
        }
        _ => first_line(error),
    };
    let near = about(ContextKind::SuggestedSubcommand).or_else(|| about(ContextKind::SuggestedArg));
    match near {
        Some(near) => format!("{sentence}; did you mean {near}?"),
        None => format!("{sentence}; `ithaca help` shows what there is."),
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn refusal(line: &str) -> String {
        let arguments = std::iter::once("ithaca").chain(line.split(' '));
        sentence(&Cli::try_parse_from(arguments).unwrap_err())
    }

    #[test]
    fn the_commands_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_bad_flag_is_answered_in_one_sentence() {
        for (line, answer) in [
            (
                "check",
                "--config <FILE> is missing; `ithaca help` shows what there is.",
            ),
            (
                "check --confg x",
                "--confg is not known here; did you mean --config?",
            ),
            (
                "check --config",
                "--config <FILE> needs a value; `ithaca help` shows what there is.",
            ),
            (
                "chekc",
                "“chekc” is not a command of ithaca; did you mean check?",
            ),
            (
                "key create",
                "<FILE> is missing; `ithaca help` shows what there is.",
            ),
            (
                "key create a b",
                "b is not known here; `ithaca help` shows what there is.",
            ),
            (
                "check --config a --config b",
                "--config <FILE> is given twice, or with what excludes it; `ithaca help` shows what there is.",
            ),
        ] {
            assert_eq!(refusal(line), answer, "{line}");
        }
    }
}
