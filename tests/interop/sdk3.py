"""The AWS Encryption SDK for Python 3, with its master key providers."""

import functools

import aws_encryption_sdk
from aws_encryption_sdk import CommitmentPolicy, StrictAwsKmsMasterKeyProvider
from aws_encryption_sdk.identifiers import Algorithm, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider

CLIENT = aws_encryption_sdk.EncryptionSDKClient(
    commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
)
SUITES = {
    "0478": Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
    "0578": Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
}


class RawAes(RawMasterKeyProvider):
    """The one key that it is given."""

    provider_id = "sealkit"

    def __init__(self):
        super().__init__()
        self.keys = {}

    def _get_raw_key(self, key_id):
        return WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
            wrapping_key=self.keys[key_id],
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        )


@functools.cache
def raw_aes(namespace, name, material):
    assert namespace == RawAes.provider_id
    provider = RawAes()
    provider.keys[name.encode()] = material
    provider.add_master_key(name)
    return provider


@functools.cache
def kms(arn):
    return StrictAwsKmsMasterKeyProvider(key_ids=[arn])


def encrypt(data, materials, suite, frame_length, context):
    message, _ = CLIENT.encrypt(
        source=data,
        key_provider=materials,
        algorithm=SUITES[suite],
        frame_length=frame_length,
        encryption_context=context,
    )
    return message


def decrypt(data, materials, _context):
    plaintext, header = CLIENT.decrypt(source=data, key_provider=materials)
    return plaintext, header.encryption_context
