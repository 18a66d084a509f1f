//! The calls of the platform's API that the gateway makes.

/// A call of the platform's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `GET /cgi-bin/token`: a new access token each time.
    Token,
    /// `POST /cgi-bin/stable_token`: the same access token until its last five minutes.
    StableToken,
    /// `POST /cgi-bin/qrcode/create`.
    QrcodeCreate,
    /// `POST /cgi-bin/message/template/send`.
    TemplateSend,
    /// `POST /cgi-bin/message/custom/send`.
    CustomSend,
    /// `GET /cgi-bin/user/info`.
    UserInfo,
    /// `GET /cgi-bin/getcallbackip`.
    CallbackIp,
}

impl Endpoint {
    /// The path below the API's base URL.
    pub fn path(self) -> &'static str {
        match self {
            Endpoint::Token => "/cgi-bin/token",
            Endpoint::StableToken => "/cgi-bin/stable_token",
            Endpoint::QrcodeCreate => "/cgi-bin/qrcode/create",
            Endpoint::TemplateSend => "/cgi-bin/message/template/send",
            Endpoint::CustomSend => "/cgi-bin/message/custom/send",
            Endpoint::UserInfo => "/cgi-bin/user/info",
            Endpoint::CallbackIp => "/cgi-bin/getcallbackip",
        }
    }

    /// The call as a word for logs and metric labels.
    pub fn label(self) -> &'static str {
        match self {
            Endpoint::Token => "token",
            Endpoint::StableToken => "stable_token",
            Endpoint::QrcodeCreate => "qrcode_create",
            Endpoint::TemplateSend => "template_send",
            Endpoint::CustomSend => "custom_send",
            Endpoint::UserInfo => "user_info",
            Endpoint::CallbackIp => "getcallbackip",
        }
    }

    /// Whether the call buys an access token, where some codes mean something else.
    pub fn is_token(self) -> bool {
        matches!(self, Endpoint::Token | Endpoint::StableToken)
    }
}
