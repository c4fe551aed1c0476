//go:build integration

package rabbitmqexporter

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

// authority is a certificate authority made for one test.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, file: filepath.Join(t.TempDir(), "ca.pem")}
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, key := a.sign(template, nil)
	a.key = key
	var err error
	a.certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

// sign completes and signs the template; with issuer nil by itself.
func (a *authority) sign(template, issuer *x509.Certificate) (der []byte, key *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{CommonName: a.t.Name()}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	signer := a.key
	if issuer == nil {
		issuer, signer = template, key
	}
	der, err = x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, signer)
	require.NoError(a.t, err)
	return der, key
}

// issue writes a certificate for 127.0.0.1, good for servers and clients, and its key.
func (a *authority) issue() (certFile, keyFile string) {
	a.t.Helper()
	der, key := a.sign(&x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.certificate)
	encoded, err := x509.MarshalECPrivateKey(key)
	require.NoError(a.t, err)
	folder := a.t.TempDir()
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	writePEM(a.t, certFile, "CERTIFICATE", der)
	writePEM(a.t, keyFile, "EC PRIVATE KEY", encoded)
	return certFile, keyFile
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// terminate makes the proxy speak TLS to the exporter, and ask it for a certificate if mutual.
func (p *proxy) terminate(a *authority, mutual bool) {
	p.t.Helper()
	pair, err := tls.LoadX509KeyPair(a.issue())
	require.NoError(p.t, err)
	p.tls = &tls.Config{Certificates: []tls.Certificate{pair}}
	if mutual {
		p.tls.ClientAuth = tls.RequireAndVerifyClientCert
		p.tls.ClientCAs = x509.NewCertPool()
		p.tls.ClientCAs.AddCert(a.certificate)
	}
}

func TestTLS(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	certFile, keyFile := ours.issue()
	for _, example := range []struct {
		name    string
		mutual  bool
		client  configtls.Config
		refusal string
	}{
		{name: "trusted broker", client: configtls.Config{CAFile: ours.file}},
		{name: "unknown authority", client: configtls.Config{CAFile: other.file}, refusal: "certificate signed by unknown authority"},
		{name: "mutual", mutual: true, client: configtls.Config{CAFile: ours.file, CertFile: certFile, KeyFile: keyFile}},
		{name: "mutual, without a certificate", mutual: true, client: configtls.Config{CAFile: ours.file}, refusal: "not connected"},
	} {
		t.Run(example.name, func(t *testing.T) {
			broker := newTestBroker(t)
			broker.bind(nil, shardKeys(16)...)
			between := newProxy(t, broker.url.Host)
			between.terminate(ours, example.mutual)
			between.listen()
			c := broker.config(between.addr)
			c.Endpoint = strings.Replace(c.Endpoint, "amqp://", "amqps://", 1)
			c.TLS = configoptional.Some(configtls.ClientConfig{Config: example.client})
			e := startTraces(t, c)

			err := e.ConsumeTraces(t.Context(), batchOf(1, 20))

			if example.refusal == "" {
				require.NoError(t, err)
				assert.Equal(t, idsOf(batchOf(1, 20)), spanIDs(t, broker.drain()))
				return
			}
			require.ErrorContains(t, err, example.refusal)
			assert.False(t, consumererror.IsPermanent(err), "a certificate can be replaced")
		})
	}
}

// TestARenewedCertificateIsUsedByTheNextConnection: certificates of a mesh or a cluster live for hours, collectors for months.
func TestARenewedCertificateIsUsedByTheNextConnection(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	certFile, keyFile := other.issue()
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	between := newProxy(t, broker.url.Host)
	between.terminate(ours, true)
	between.listen()
	c := broker.config(between.addr)
	c.Endpoint = strings.Replace(c.Endpoint, "amqp://", "amqps://", 1)
	client := configtls.Config{CAFile: ours.file, CertFile: certFile, KeyFile: keyFile, ReloadInterval: time.Millisecond}
	c.TLS = configoptional.Some(configtls.ClientConfig{Config: client})
	e := startTraces(t, c)
	require.ErrorContains(t, e.ConsumeTraces(t.Context(), batchOf(1, 20)), "not connected")

	renewedCert, renewedKey := ours.issue()
	require.NoError(t, os.Rename(renewedKey, keyFile))
	require.NoError(t, os.Rename(renewedCert, certFile))

	e.awaitConnection(t)
	require.NoError(t, e.ConsumeTraces(t.Context(), batchOf(1, 20)))
}
