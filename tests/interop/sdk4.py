"""The AWS Encryption SDK for Python 4, with the keyrings of the material providers library."""

import functools

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateAwsKmsKeyringInput,
    CreateRawAesKeyringInput,
)
from aws_encryption_sdk import CommitmentPolicy
from aws_encryption_sdk.identifiers import Algorithm

CLIENT = aws_encryption_sdk.EncryptionSDKClient(
    commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
)
PROVIDERS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
SUITES = {
    "0478": Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
    "0578": Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
}


@functools.cache
def raw_aes(namespace, name, material):
    return PROVIDERS.create_raw_aes_keyring(
        input=CreateRawAesKeyringInput(
            key_namespace=namespace,
            key_name=name,
            wrapping_key=material,
            wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
        )
    )


@functools.cache
def kms(arn):
    client = boto3.client("kms", region_name=arn.split(":")[3])
    return PROVIDERS.create_aws_kms_keyring(
        input=CreateAwsKmsKeyringInput(kms_key_id=arn, kms_client=client)
    )


def encrypt(data, materials, suite, frame_length, context):
    message, _ = CLIENT.encrypt(
        source=data,
        keyring=materials,
        algorithm=SUITES[suite],
        frame_length=frame_length,
        encryption_context=context,
    )
    return message


def decrypt(data, materials, context):
    plaintext, header = CLIENT.decrypt(source=data, keyring=materials, encryption_context=context)
    return plaintext, header.encryption_context
