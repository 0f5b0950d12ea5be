package database

import "storefront/shared/config"

// Settings says where a service keeps its rows.
type Settings struct {
	URL      config.Secret // it may hold a password
	SeedDemo bool          // fill an empty database with the demo shop
}

// Declare declares the settings of the service's database.
func Declare(s *config.Settings, service string) Settings {
	const name = "DATABASE_URL"
	url := config.Secret(s.String(name, "sqlite:.data/"+service+".db", "where the rows are: sqlite:PATH or postgres://…; a password in it is never logged"))
	if _, err := parse(url, Options{}); err != nil {
		s.Fault(name, "%v", err)
	}
	return Settings{
		URL:      url,
		SeedDemo: s.Bool("SEED_DEMO", !s.IsSet(name), "fill an empty database with the demo shop; default true only while DATABASE_URL is unset"),
	}
}
