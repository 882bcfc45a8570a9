# Plans of an empty state ask no server.

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  buckets = [{ name = "archive", notifications = { events = "put", prefix = "manifests/", topic = "uploads" } }]
}

run "uploads_are_reported_where_the_store_can" {
  command = plan

  variables {
    notification_queue_arn = "arn:minio:sqs::MANIFESTS:kafka"
  }
  assert {
    condition     = aws_s3_bucket_notification.uploads["archive"].queue[0].filter_prefix == "manifests/"
    error_message = "Only manifests are reported."
  }
}

run "store_without_a_queue_has_no_notification" {
  command = plan

  assert {
    condition     = length(aws_s3_bucket_notification.uploads) == 0
    error_message = "There is no queue to report to."
  }
}

run "raw_killmails_never_expire" {
  command = plan

  variables {
    expirations = { "raw-killmails/" = 30 }
  }
  expect_failures = [var.expirations]
}
