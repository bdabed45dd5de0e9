package full

import (
	"context"
	"errors"
	"net"
	"testing"

	"google.golang.org/grpc"
	"k8s.io/kms/apis/v1beta1"
	"k8s.io/kms/apis/v2"

	"sealkit.test/rig"
)

// legacy wraps as aws-encryption-provider does, and reads only that: one byte '1', then what KMS made.
type legacy struct {
	v1beta1.UnimplementedKeyManagementServiceServer
	double  *rig.Double
	key     string
	context map[string]string
}

// legacyV2 is the same for the other API: two services of one name need two types.
type legacyV2 struct {
	v2.UnimplementedKeyManagementServiceServer
	legacy *legacy
}

// startLegacy serves both APIs on socket until stop is called.
func startLegacy(t *testing.T, socket string, wrapping *legacy) (stop func()) {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	// A plugin that is killed leaves its socket.
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	server := grpc.NewServer()
	v1beta1.RegisterKeyManagementServiceServer(server, wrapping)
	v2.RegisterKeyManagementServiceServer(server, legacyV2{legacy: wrapping})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return server.Stop
}

func (l *legacy) wrap(plaintext []byte) ([]byte, error) {
	blob, err := l.double.Encrypt(l.key, l.context, plaintext)
	return append([]byte{'1'}, blob...), err
}

func (l *legacy) unwrap(ciphertext []byte) ([]byte, error) {
	if len(ciphertext) == 0 || ciphertext[0] != '1' {
		return nil, errors.New("not of aws-encryption-provider's form")
	}
	return l.double.Decrypt(l.context, ciphertext[1:])
}

func (l *legacy) Version(context.Context, *v1beta1.VersionRequest) (*v1beta1.VersionResponse, error) {
	return &v1beta1.VersionResponse{Version: "v1beta1", RuntimeName: "AWSKMS", RuntimeVersion: "0"}, nil
}

func (l *legacy) Encrypt(_ context.Context, request *v1beta1.EncryptRequest) (*v1beta1.EncryptResponse, error) {
	ciphertext, err := l.wrap(request.Plain)
	return &v1beta1.EncryptResponse{Cipher: ciphertext}, err
}

func (l *legacy) Decrypt(_ context.Context, request *v1beta1.DecryptRequest) (*v1beta1.DecryptResponse, error) {
	plaintext, err := l.unwrap(request.Cipher)
	return &v1beta1.DecryptResponse{Plain: plaintext}, err
}

func (l legacyV2) Status(context.Context, *v2.StatusRequest) (*v2.StatusResponse, error) {
	return &v2.StatusResponse{Version: "v2beta1", Healthz: "ok", KeyId: l.legacy.key}, nil
}

func (l legacyV2) Encrypt(_ context.Context, request *v2.EncryptRequest) (*v2.EncryptResponse, error) {
	ciphertext, err := l.legacy.wrap(request.Plaintext)
	return &v2.EncryptResponse{Ciphertext: ciphertext, KeyId: l.legacy.key}, err
}

func (l legacyV2) Decrypt(_ context.Context, request *v2.DecryptRequest) (*v2.DecryptResponse, error) {
	if len(request.Annotations) != 0 {
		return nil, errors.New("aws-encryption-provider knows no annotations")
	}
	plaintext, err := l.legacy.unwrap(request.Ciphertext)
	return &v2.DecryptResponse{Plaintext: plaintext}, err
}
