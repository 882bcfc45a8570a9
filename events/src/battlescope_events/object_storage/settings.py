"""Settings of object storage, which the `Settings` of a function inherit."""

from pydantic import SecretStr

from battlescope_events.object_storage.access import BucketAccess
from battlescope_events.settings import EnvironmentSettings


class ObjectStorageSettings(EnvironmentSettings):
    """Environment variables as the Secret `archive` names them."""

    s3_endpoint_url: str
    s3_region: str
    s3_bucket: str
    aws_access_key_id: str
    aws_secret_access_key: SecretStr

    @property
    def bucket_access(self) -> BucketAccess:
        return BucketAccess(
            endpoint_url=self.s3_endpoint_url,
            region=self.s3_region,
            bucket=self.s3_bucket,
            access_key_id=self.aws_access_key_id,
            secret_access_key=self.aws_secret_access_key.get_secret_value(),
        )
