use mentoring::event::Event;
use mentoring::member::{
    EmailAddress, Member, MemberState, change_administrator, check_name, check_password,
    deactivate, reactivate,
};
use mentoring::organization::{Slug, check_organization_name};
use mentoring::refusal::Refusal;

use crate::people::{AMARA, HANNA, LUIS, QUILLFIELD, amara, edda, jonas, luis, mei, member};

fn hanna() -> Member {
    Member {
        global_administrator: true,
        ..member(HANNA, "Hanna", "Lindgren")
    }
}

/// E-04: one address, or none.
#[test]
fn nothing_that_a_mail_program_could_read_as_more_than_one_address_is_taken() {
    for text in [
        "mei?cc=luis@larkspur.example",
        "mei#x@larkspur.example",
        "mei%40evil.example@larkspur.example",
        "mei!evil@larkspur.example",
        "mei|evil@larkspur.example",
        "mei`x`@larkspur.example",
        "mei/x@larkspur.example",
        "<mei@larkspur.example>",
        "Mei Tanaka <mei@larkspur.example>",
        "mei@larkspur.example;luis@larkspur.example",
        "mei@larkspur.example luis@larkspur.example",
        "mei(mentor)@larkspur.example",
        "mei@[192.0.2.1]",
        "mei@192.0.2.1",
        "mei@larkspur..example",
        "mei@larkspur.example.",
        "mei\u{2028}@larkspur.example",
        "m\u{e9}i@larkspur.example",
    ] {
        assert_eq!(
            EmailAddress::parse(text),
            Err(Refusal::EmailInvalid),
            "{text:?}"
        );
    }
}

#[test]
fn addresses_that_people_really_have_are_taken() {
    for text in [
        "mei@larkspur.example",
        "mei.tanaka+ithaca@mail.larkspur.example",
        "d'arcy_o-neill@larkspur.example",
        "r&d@larkspur.example",
        "7@larkspur.example",
        "mei@xn--larkspr-n4a.example",
    ] {
        assert_eq!(
            EmailAddress::parse(text).as_ref().map(EmailAddress::as_str),
            Ok(text)
        );
    }
    let domain = format!(
        "{}.{}.{}.example",
        "a".repeat(60),
        "b".repeat(60),
        "c".repeat(59)
    );
    let longest = format!("{}@{domain}", "x".repeat(254 - 1 - domain.len()));
    assert_eq!(longest.len(), 254);
    assert!(EmailAddress::parse(&longest).is_ok());
    assert!(EmailAddress::parse(&format!("x{longest}")).is_err());
}

#[test]
fn an_address_that_was_kept_can_be_read_again_and_a_forged_one_cannot() {
    let mei = EmailAddress::parse("Mei@Larkspur.example").unwrap();
    let kept = serde_json::to_string(&mei).unwrap();
    assert_eq!(serde_json::from_str::<EmailAddress>(&kept).unwrap(), mei);
    assert!(serde_json::from_str::<EmailAddress>("\"a@b.example,c@d.example\"").is_err());
}

/// E-01: what goes into a header or a calendar line is one line.
#[test]
fn a_name_is_one_line_that_can_be_seen_and_reads_as_it_is_written() {
    for name in [
        "",
        "   ",
        "\u{200B}\u{200D}",
        "\u{AD}",
        "Mei\nBcc: x@y.example",
        "Mei\rTanaka",
        "Mei\0Tanaka",
        "Mei\u{2028}Tanaka",
        "\u{202E}akanaT",
        "Mei\u{2066}",
    ] {
        let refused = Err(Refusal::PersonNameInvalid {
            field: "first_name",
        });
        assert_eq!(check_name(name, "first_name"), refused, "{name:?}");
        assert!(check_organization_name(name).is_err(), "{name:?}");
    }
    for name in [
        "Mei",
        "Jean-Luc",
        "O’Neill",
        "Владимир",
        "明",
        "नैर",
        "علی\u{200C}رضا",
    ] {
        assert_eq!(check_name(name, "first_name").as_deref(), Ok(name));
    }
    assert_eq!(check_name("  Mei ", "first_name").as_deref(), Ok("Mei"));
    assert!(check_name(&"名".repeat(80), "last_name").is_ok());
    assert!(check_name(&"名".repeat(81), "last_name").is_err());
}

#[test]
fn w21_a_password_has_ten_characters_at_least_and_128_at_most() {
    for (password, fits) in [
        ("x".repeat(9), false),
        ("x".repeat(10), true),
        ("ä".repeat(128), true),
        ("ä".repeat(129), false),
        ("𝔛".repeat(128), true),
        ("x".repeat(513), false),
    ] {
        assert_eq!(
            check_password(&password).is_ok(),
            fits,
            "{} bytes",
            password.len()
        );
    }
}

#[test]
fn initials_are_two_letters_of_whatever_alphabet() {
    assert_eq!(member(LUIS, "luis", "ortega").initials(), "LO");
    assert_eq!(
        Member {
            first_name: "明".to_owned(),
            last_name: "田中".to_owned(),
            ..member(LUIS, "x", "y")
        }
        .initials(),
        "明田"
    );
}

#[test]
fn only_a_global_administrator_of_the_same_organization_changes_members() {
    let luis_member = member(LUIS, "Luis", "Ortega");
    let gone = Member {
        state: MemberState::Deactivated,
        ..luis_member.clone()
    };
    for actor in [jonas(), mei(), luis(), edda()] {
        let refused = Some(Refusal::NotGlobalAdministrator);
        assert_eq!(
            deactivate(&actor, &luis_member, 5).err(),
            refused,
            "{}",
            actor.name
        );
        assert_eq!(reactivate(&actor, &gone).err(), refused, "{}", actor.name);
        assert_eq!(
            change_administrator(&actor, &luis_member, true, 5).err(),
            refused,
            "{}",
            actor.name
        );
    }
    let elsewhere = Member {
        organization: QUILLFIELD,
        ..luis_member
    };
    assert_eq!(
        deactivate(&amara(), &elsewhere, 5).err(),
        Some(Refusal::NotGlobalAdministrator)
    );
}

///
#[test]
fn the_last_global_administrator_stays_one() {
    assert_eq!(
        deactivate(&amara(), &hanna(), 0).err(),
        Some(Refusal::LastAdministrator)
    );
    assert_eq!(
        change_administrator(&amara(), &hanna(), false, 0).err(),
        Some(Refusal::LastAdministrator)
    );
    assert!(change_administrator(&amara(), &hanna(), false, 1).is_ok());
}

/// S16
#[test]
fn s16_the_administrator_who_integrated_teams_can_be_deactivated_by_another() {
    let amara_member = Member {
        global_administrator: true,
        ..member(AMARA, "Amara", "Okafor")
    };
    let hanna_acts = mentoring::role::Actor {
        member: HANNA,
        name: "Hanna Lindgren".to_owned(),
        ..amara()
    };
    let event = deactivate(&hanna_acts, &amara_member, 1).unwrap();
    assert_eq!(
        event,
        Event::MemberDeactivated {
            member: AMARA,
            name: "Amara Okafor".to_owned()
        }
    );
}

#[test]
fn who_is_out_can_only_come_back_and_who_is_in_cannot_come_back() {
    let luis_member = member(LUIS, "Luis", "Ortega");
    let gone = Member {
        state: MemberState::Deactivated,
        ..luis_member.clone()
    };
    assert!(matches!(
        deactivate(&amara(), &gone, 1),
        Err(Refusal::MemberState(_))
    ));
    assert!(matches!(
        reactivate(&amara(), &luis_member),
        Err(Refusal::MemberState(_))
    ));
    assert!(matches!(
        change_administrator(&amara(), &gone, true, 1),
        Err(Refusal::MemberState(_))
    ));
    assert!(reactivate(&amara(), &gone).is_ok());
}

#[test]
fn a_slug_is_short_plain_and_not_an_address_of_ithacas_own() {
    for slug in ["larkspur", "q7", "new-managers", &"x".repeat(40)] {
        assert_eq!(Slug::parse(slug).as_ref().map(Slug::as_str), Ok(slug));
    }
    for slug in [
        "",
        "x",
        &"x".repeat(41),
        "Larkspur",
        "lark spur",
        "-lark",
        "lark-",
        "lärk",
        "robots.txt",
        "../x",
    ] {
        assert!(Slug::parse(slug).is_err(), "{slug}");
    }
    for slug in [
        "assets",
        "api",
        "health",
        "integrations",
        "sign-in",
        "sign-out",
        "demo",
        "static",
        "admin",
        "well-known",
    ] {
        assert_eq!(Slug::parse(slug), Err(Refusal::SlugReserved), "{slug}");
    }
}
