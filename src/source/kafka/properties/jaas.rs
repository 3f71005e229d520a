//! One JAAS line (`sasl.jaas.config`): the login module and its options.

use super::{Properties, PropertyProblem};

const NAME: &str = "sasl.jaas.config";

/// A login module with its options, in the order written.
#[derive(Debug, PartialEq, Eq)]
struct Login {
    module: String,
    options: Vec<(String, String)>,
}

/// Sets what a JAAS line says.
pub(super) fn translate(line: &str, into: &mut Properties) -> Result<(), PropertyProblem> {
    let login = parse(line).map_err(|message| PropertyProblem::new(NAME, message))?;
    let module = login.module.rsplit('.').next().unwrap_or_default();
    match module {
        "PlainLoginModule" | "ScramLoginModule" => password(&login, into),
        "OAuthBearerLoginModule" => oauth(&login, into),
        "Krb5LoginModule" => kerberos(&login, into),
        other => Err(PropertyProblem::new(
            NAME,
            format!(
                "the login module `{other}` is not known; known are PlainLoginModule, \
                 ScramLoginModule, OAuthBearerLoginModule and Krb5LoginModule"
            ),
        )),
    }
}

impl Login {
    fn option(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn password(login: &Login, into: &mut Properties) -> Result<(), PropertyProblem> {
    for (option, property) in [("username", "sasl.username"), ("password", "sasl.password")] {
        let value = login
            .option(option)
            .ok_or_else(|| PropertyProblem::new(NAME, format!("`{option}` is missing")))?;
        into.set_resolved(property, value)?;
    }
    Ok(())
}

fn oauth(login: &Login, into: &mut Properties) -> Result<(), PropertyProblem> {
    let mut extensions = Vec::new();
    for (option, value) in &login.options {
        match option.as_str() {
            "clientId" => into.set_resolved("sasl.oauthbearer.client.id", value)?,
            "clientSecret" => into.set_resolved("sasl.oauthbearer.client.secret", value)?,
            "scope" => into.set_resolved("sasl.oauthbearer.scope", value)?,
            option => {
                if let Some(name) = option.strip_prefix("extension_") {
                    extensions.push(format!("{name}={value}"));
                }
            }
        }
    }
    if !extensions.is_empty() {
        into.set("sasl.oauthbearer.extensions", &extensions.join(","));
    }
    if login.option("clientId").is_some() {
        into.set("sasl.oauthbearer.method", "oidc");
    }
    Ok(())
}

fn kerberos(login: &Login, into: &mut Properties) -> Result<(), PropertyProblem> {
    for (option, property) in [
        ("keyTab", "sasl.kerberos.keytab"),
        ("principal", "sasl.kerberos.principal"),
        ("serviceName", "sasl.kerberos.service.name"),
    ] {
        if let Some(value) = login.option(option) {
            into.set_resolved(property, value)?;
        }
    }
    Ok(())
}

/// `module required key=value key="value" …;`
fn parse(line: &str) -> Result<Login, String> {
    let words = words(line)?;
    let mut words = words.into_iter();
    let module = words.next().ok_or("the line is empty")?;
    match words.next().as_deref() {
        Some("required" | "requisite" | "sufficient" | "optional") => {}
        _ => return Err("the login module must be followed by `required`".to_owned()),
    }
    let options = words
        .map(|word| {
            word.split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .ok_or_else(|| "an option is not written as name=value".to_owned())
        })
        .collect::<Result<_, _>>()?;
    Ok(Login { module, options })
}

/// Splits at blanks outside quotation marks, which go; the line ends with `;`.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let (mut word, mut begun, mut quoted) = (String::new(), false, false);
    let mut letters = line.trim().chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                quoted = !quoted;
                begun = true;
            }
            '\\' if quoted => word.extend(letters.next()),
            ';' if !quoted => {
                if begun {
                    words.push(word);
                }
                return Ok(words);
            }
            blank if blank.is_whitespace() && !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            letter => {
                begun = true;
                word.push(letter);
            }
        }
    }
    Err(if quoted {
        "a quotation mark is not closed".to_owned()
    } else {
        "the line must end with `;`".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(line: &str) -> Properties {
        let mut properties = Properties::default();
        translate(line, &mut properties).unwrap();
        properties
    }

    fn refused(line: &str) -> String {
        translate(line, &mut Properties::default())
            .unwrap_err()
            .message
    }

    #[test]
    fn user_and_password_with_odd_characters() {
        let properties = set(
            "org.apache.kafka.common.security.scram.ScramLoginModule required\n  username=\"al ice\" password=\"a;b=\\\"c\\\\\" ;",
        );
        assert_eq!(properties.get("sasl.username"), Some("al ice"));
        assert_eq!(properties.get("sasl.password"), Some("a;b=\"c\\"));
    }

    #[test]
    fn oauth_with_extensions_is_oidc() {
        let properties = set(
            "x.OAuthBearerLoginModule required clientId=\"me\" clientSecret='s' scope=\"read\" extension_logicalCluster=\"lkc-1\" extension_identityPoolId=\"pool\";",
        );
        assert_eq!(properties.get("sasl.oauthbearer.method"), Some("oidc"));
        assert_eq!(properties.get("sasl.oauthbearer.client.id"), Some("me"));
        assert_eq!(
            properties.get("sasl.oauthbearer.extensions"),
            Some("logicalCluster=lkc-1,identityPoolId=pool")
        );
    }

    #[test]
    fn kerberos() {
        let properties = set(
            "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true keyTab=\"/etc/k.keytab\" principal=\"k@EXAMPLE.COM\" serviceName=\"kafka\";",
        );
        assert_eq!(
            properties.get("sasl.kerberos.keytab"),
            Some("/etc/k.keytab")
        );
        assert_eq!(properties.get("sasl.kerberos.service.name"), Some("kafka"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_line() {
        assert!(
            refused("x.PlainLoginModule required username=\"a\";")
                .contains("`password` is missing")
        );
        assert!(
            refused("x.PlainLoginModule required username=\"a\" password=\"secret\"")
                .contains("`;`")
        );
        assert!(refused("x.PlainLoginModule required password=\"secret;").contains("not closed"));
        assert!(refused("x.OtherModule required;").contains("OtherModule"));
        assert!(refused("x.PlainLoginModule username=a;").contains("required"));
        assert!(refused("").contains("`;`"));
    }

    proptest::proptest! {
        #[test]
        fn no_line_breaks_the_parser(line in ".{0,80}") {
            let _ = translate(&line, &mut Properties::default());
        }
    }
}
