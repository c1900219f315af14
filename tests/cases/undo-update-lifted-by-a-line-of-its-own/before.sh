mbxctl apply --yes --held
mbxctl undo 1 --save undo.plan
mbxctl apply --plan undo.plan
printf '    policies: {retention: Corporate 7y}\n' >>manifests/manifest.yaml
