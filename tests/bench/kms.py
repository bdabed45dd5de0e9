"""The AWS double with one key of KMS."""

from double import Double

ARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class Kms(Double):
    """A double that knows the key `arn`."""

    def __init__(self, program):
        super().__init__(program, "--seed-key", ARN)
        self.arn = ARN
