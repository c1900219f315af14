mbxctl apply --yes
