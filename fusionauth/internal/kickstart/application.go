package kickstart

import (
	"crypto/rand"
	"slices"

	"storefront/shared/config"
)

// The values of policies, as FusionAuth spells them.
const (
	Required                                 = "Required"
	NotRequired                              = "NotRequired"
	NotRequiredWhenUsingPKCE                 = "NotRequiredWhenUsingPKCE"
	NotRequiredWhenUsingClientAuthentication = "NotRequiredWhenUsingClientAuthentication"

	Strict        = "Strict"
	Compatibility = "Compatibility"
	Reject        = "Reject"
	Remove        = "Remove"
	Allow         = "Allow"

	RedirectOnly    = "RedirectOnly"
	AllApplications = "AllApplications"

	GrantCode    = "authorization_code"
	GrantRefresh = "refresh_token"
)

// Application is an OAuth client, and the owner of roles.
type Application struct {
	ID, Name string
	JWT      JWT
	Login    Login
	OAuth    OAuth
	Roles    []Role
}

// Login is what the Login API does for an application.
type Login struct {
	AllowTokenRefresh     bool // POST /api/jwt/refresh is open
	GenerateRefreshTokens bool // POST /api/login gives one
	RequireAuthentication bool // POST /api/login wants an API key
}

// OAuth is the application as an OAuth client.
type OAuth struct {
	ClientSecret    config.Secret
	RedirectURLs    []string // compared byte for byte
	LogoutURL       string
	LogoutBehavior  string // RedirectOnly or AllApplications
	Grants          []string
	ClientPolicy    string // Required, NotRequired or NotRequiredWhenUsingPKCE
	PKCEPolicy      string // Required, NotRequired or NotRequiredWhenUsingClientAuthentication
	ScopeHandling   string // Strict or Compatibility
	UnknownScopes   string // Reject, Remove or Allow
	RefreshTokens   bool   // the scope offline_access gives one
	RequireRegister bool   // only registered users may log in
}

// Role belongs to one application and reaches a user through a registration.
type Role struct {
	ID, Name string
	Default  bool // given to a registration that names no roles
}

// createApplication makes an OAuth client.
func (in *instance) createApplication(c call) {
	c.body.need("application")
	o := c.body.child("application")
	defer o.close()
	o.need("name")
	if in.application(c.id) != nil {
		c.at.bad("url", "has the id of an application that exists already; choose another")
	}
	app := &application{inherits: true, Application: Application{ID: c.id, Name: o.text("name")}}
	in.unique(o, "name", app.Name)
	if o.has("jwtConfiguration") {
		in.applicationJWT(o.child("jwtConfiguration"), app)
	}
	app.Login = in.login(o.child("loginConfiguration"))
	app.OAuth = in.oauth(o.child("oauthConfiguration"))
	for _, n := range o.items("roles") {
		app.Roles = append(app.Roles, in.role(app, in.object(n, "application.roles")))
	}
	in.applications = append(in.applications, app)
}

func (in *instance) applicationJWT(o *object, app *application) {
	if !o.boolean("enabled", false) {
		o.touch("accessTokenKeyId", "idTokenKeyId", "timeToLiveInSeconds")
		o.touch("refreshTokenTimeToLiveInMinutes", "refreshTokenUsagePolicy", "refreshTokenExpirationPolicy", "refreshTokenOneTimeUseConfiguration")
		o.close()
		return // the tenant's settings hold, whatever stands here
	}
	app.inherits = false
	for _, name := range []string{"accessTokenKeyId", "idTokenKeyId"} {
		if !o.has(name) {
			o.fault(o.node.src, o.node.line, "%s is enabled without %s: FusionAuth would make a key that nobody knows; name one", o.path, name)
		}
	}
	o.need("timeToLiveInSeconds", "refreshTokenTimeToLiveInMinutes")
	app.JWT = in.jwt(o, in.tenant.JWT)
}

func (in *instance) login(o *object) Login {
	defer o.close()
	return Login{
		AllowTokenRefresh:     o.boolean("allowTokenRefresh", false),
		GenerateRefreshTokens: o.boolean("generateRefreshTokens", false),
		RequireAuthentication: o.boolean("requireAuthentication", true),
	}
}

func (in *instance) oauth(o *object) OAuth {
	defer o.close()
	o.enum("authorizedURLValidationPolicy", "ExactMatch", "ExactMatch")
	oauth := OAuth{
		ClientSecret:    config.Secret(o.text("clientSecret")),
		RedirectURLs:    o.texts("authorizedRedirectURLs"),
		LogoutURL:       o.web("logoutURL"),
		LogoutBehavior:  o.enum("logoutBehavior", AllApplications, RedirectOnly, AllApplications),
		Grants:          in.grants(o),
		ClientPolicy:    o.enum("clientAuthenticationPolicy", Required, Required, NotRequired, NotRequiredWhenUsingPKCE),
		PKCEPolicy:      o.enum("proofKeyForCodeExchangePolicy", NotRequired, Required, NotRequired, NotRequiredWhenUsingClientAuthentication),
		ScopeHandling:   o.enum("scopeHandlingPolicy", Strict, Strict, Compatibility),
		UnknownScopes:   o.enum("unknownScopePolicy", Reject, Reject, Remove, Allow),
		RefreshTokens:   o.boolean("generateRefreshTokens", true),
		RequireRegister: o.boolean("requireRegistration", false),
	}
	if !o.has("clientSecret") { // FusionAuth makes one that only its admin UI shows
		oauth.ClientSecret = config.Secret(rand.Text())
	}
	for _, u := range oauth.RedirectURLs {
		if !isWeb(u) {
			o.bad("authorizedRedirectURLs", "holds what is not an absolute http or https URL without user and fragment")
		}
	}
	return oauth
}

func (in *instance) grants(o *object) []string {
	served := []string{GrantCode, GrantRefresh}
	if !o.has("enabledGrants") {
		return served
	}
	grants := o.texts("enabledGrants")
	for _, g := range grants {
		if !slices.Contains(served, g) {
			o.bad("enabledGrants", "holds a grant that this stand-in does not serve; known: authorization_code, refresh_token")
		}
	}
	return grants
}

func (in *instance) role(app *application, o *object) Role {
	defer o.close()
	o.need("id", "name")
	role := Role{ID: o.id("id"), Name: o.text("name"), Default: o.boolean("isDefault", false)}
	o.text("description")
	o.boolean("isSuperRole", false) // a marker without effect on tokens
	in.unique(o, "id", role.ID)
	in.claim(o.node.src, o.at("name"), "this role name of the application", app.ID+"\x00"+role.Name)
	return role
}

// adminApplication is FusionAuth's own: users of the kickstart may be registered with it, nobody logs in to it here.
func adminApplication() Application {
	app := Application{
		ID: AdminApplicationID, Name: "FusionAuth", Login: Login{RequireAuthentication: true},
		OAuth: OAuth{
			ClientSecret: config.Secret(rand.Text()), ClientPolicy: Required, PKCEPolicy: Required, LogoutBehavior: AllApplications,
			ScopeHandling: Strict, UnknownScopes: Reject, RequireRegister: true,
		},
	}
	for _, name := range adminRoles {
		app.Roles = append(app.Roles, Role{Name: name})
	}
	return app
}

// adminRoles are the roles of the admin application (FusionAuth, core concepts, roles).
var adminRoles = []string{
	"acl_deleter", "acl_manager", "admin", "api_key_manager", "application_deleter", "application_manager", "audit_log_viewer",
	"connector_deleter", "connector_manager", "consent_deleter", "consent_manager", "email_template_manager", "entity_manager",
	"event_log_viewer", "form_deleter", "form_manager", "group_deleter", "group_manager", "key_manager", "lambda_manager",
	"message_template_deleter", "message_template_manager", "messenger_deleter", "messenger_manager", "reactor_manager",
	"report_viewer", "system_manager", "tenant_deleter", "tenant_manager", "theme_manager", "user_deleter", "user_manager",
	"user_support_manager", "user_support_viewer", "webhook_event_log_viewer", "webhook_manager",
}
