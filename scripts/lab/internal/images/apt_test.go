package images

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTranslateFindsTheMirrorsOfTheSuite(t *testing.T) {
	const signed = "deb [signed-by=" + keyring + "] "
	tests := []struct {
		name, targets, codename string
		want                    []string
	}{
		{
			name:     "the release before",
			targets:  "http://mirror.test/debian/ bookworm\nhttp://mirror.test/debian/ bookworm-updates\nhttp://mirror.test/security/ bookworm-security\n",
			codename: "bookworm",
			want: []string{
				signed + "http://mirror.test/debian trixie main",
				signed + "http://mirror.test/debian trixie-updates main",
				signed + "http://mirror.test/security trixie-security main",
			},
		},
		{
			name:     "the suite itself, without updates",
			targets:  "https://mirror.test/debian trixie\n",
			codename: "trixie",
			want:     []string{signed + "https://mirror.test/debian trixie main"},
		},
		{
			name:     "components are targets of their own",
			targets:  "http://mirror.test/debian bookworm\nhttp://mirror.test/debian bookworm\n",
			codename: "bookworm",
			want:     []string{signed + "http://mirror.test/debian trixie main"},
		},
		{
			name:     "vendors' archives are no mirrors",
			targets:  "https://vendor.test/deb nodistro\nhttps://vendor.test/deb vendor-bookworm\nhttp://mirror.test/debian bookworm-backports\nhttp://mirror.test/debian bookworm\n",
			codename: "bookworm",
			want:     []string{signed + "http://mirror.test/debian trixie main"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := translate(test.targets, test.codename)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestTranslateNeedsADebian(t *testing.T) {
	for name, codename := range map[string]string{"another distribution": "noble", "no name of a release": ""} {
		t.Run(name, func(t *testing.T) {
			_, err := translate("http://mirror.test/debian bookworm\n", codename)
			assert.ErrorContains(t, err, "needs a Debian machine")
		})
	}
}

func TestCodename(t *testing.T) {
	assert.Equal(t, "bookworm", codename("NAME=\"Debian\"\nVERSION_CODENAME=bookworm\nID=debian\n"))
	assert.Equal(t, "trixie", codename("VERSION_CODENAME=\"trixie\"\n"))
	assert.Empty(t, codename("ID=other\n"))
}

func TestTravellingPicksTheWayToTheArchive(t *testing.T) {
	dump := `Acquire "";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::http::Proxy "http://proxy.test:3128";
Acquire::https::CaInfo "/etc/ca.pem";
Acquire::GzipIndexes "true";
`
	assert.Equal(t, []string{
		`Acquire::Check-Valid-Until "false";`,
		`Acquire::http::Proxy "http://proxy.test:3128";`,
		`Acquire::https::CaInfo "/etc/ca.pem";`,
	}, travelling(dump))
}
