output "names" {
  description = "Names of the topics, which Brokers, sinks and sources refer to."
  value       = sort([for topic in kafka_topic.events : topic.name])
}
