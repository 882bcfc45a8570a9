# The cluster is that of KUBE_CONFIG_PATH, or of the pod's account.
provider "kubernetes" {}

provider "helm" {}
