"""Values that make no sense are refused, with the reason."""

import subprocess

REDIS = "redis.url=redis://redis:6379"

# The values, and what helm says.
NONSENSE = [
    (["replicas=2"], "at '/replicas': maximum: got 2, want 1"),
    (["autoscaling.enabled=true"], "at '/autoscaling/enabled': value must be false"),
    ([REDIS, "autoscaling.enabled=true", "autoscaling.cpu.enabled=false"], "at '/autoscaling/connections/enabled': value must be true"),
    ([REDIS, "autoscaling.enabled=true", "autoscaling.minReplicas=11"], "autoscaling.minReplicas (11) is more than autoscaling.maxReplicas (10)"),
    (
        [REDIS, "autoscaling.enabled=true", "autoscaling.connections.enabled=true", "config.limit.connections=10000"],
        "autoscaling.connections.averageValue (10000) is not below config.limit.connections (10000)",
    ),
    (["redis.url=http://redis"], "at '/redis/url'"),
    (["redis.url=redis://:hunter22@redis:6379"], "at '/redis/url'"),
    ([REDIS, "redis.existingSecret=redis"], "at '/redis'"),
    (["config.log.level=loud"], "at '/config/log/level'"),
    (["config.log.level=info\\,scangate=loud"], "at '/config/log/level'"),
    (["config.limit.connections=-1"], "at '/config/limit/connections': minimum: got -1, want 0"),
    (["config.limit.connections=1.5"], "at '/config/limit/connections': got string, want integer"),
    (["config.session.secunds=5"], "at '/config/session': additional properties 'secunds' not allowed"),
    (["config.push.secret=hunter22"], "at '/config/push': additional properties 'secret' not allowed"),
    (["config.public.listen=0.0.0.0:80"], "at '/config/public': additional properties 'listen' not allowed"),
    (["config.confirm.actions={logon}"], "at '/config/confirm/actions/0'"),
    (["config.drain.seconds=null"], "at '/config/drain': missing property 'seconds'"),
    (["config.wechat.app_id=wx0123456789abcdef"], "at '/secrets/wechatAppSecret'"),
    (["config.wechat.mode=safe"], "at '/secrets/wechatEncodingAesKey'"),
    (["config.hook.url=https://example.com/hook"], "at '/secrets/hookSecret'"),
    (["secrets.pushSecret.value=a-secret", "secrets.pushSecret.file=/run/push"], "at '/secrets/pushSecret'"),
    (["secrets.pushSecrets.value=a-secret"], "additional properties 'pushSecrets' not allowed"),
    (["ingress.enabled=true", "ingress.tls.secretName=tls"], "at '/ingress/host': minLength: got 0, want 1"),
    (["ingress.enabled=true", "ingress.host=scan.example.com"], "at '/ingress/tls/secretName': minLength: got 0, want 1"),
    (["tls.existingSecret=tls"], "at '/config/public': missing property 'url'"),
    (["preStopSeconds=-1"], "at '/preStopSeconds': minimum: got -1, want 0"),
    (["terminationGracePeriodSeconds=41"], "(41) is shorter than preStopSeconds, config.drain and the 12 s for the rest together (42)"),
    (["config.drain.seconds=60", "terminationGracePeriodSeconds=81"], "for the rest together (82)"),
    ([REDIS, "rollout.maxSurge=0"], "at '/rollout'"),
    (["podSecurityContext.runAsUser=0"], "at '/podSecurityContext/runAsUser'"),
    (["securityContext.privileged=true"], "at '/securityContext/privileged': value must be false"),
    (["service.public.port=0"], "at '/service/public/port': minimum: got 0, want 1"),
    (["service.push.type=LoadBalancer"], "at '/service/push': additional properties 'type' not allowed"),
    (["service.public.loadBalancerSourceRanges={10.0.0.0/8}"], "at '/service/public/loadBalancerSourceRanges'"),
    (["probes.liveness.periodSeconds=0"], "at '/probes/liveness/periodSeconds': minimum: got 0, want 1"),
    (["podDisruptionBudget.maxUnavailable=0"], "at '/podDisruptionBudget/maxUnavailable'"),
    (["prometheusRule.runbookBase=docs"], "at '/prometheusRule/runbookBase'"),
    (["replica=2"], "additional properties 'replica' not allowed"),
]


def check(chart, version):
    """Tries each; returns how many they are."""
    for values, reason in NONSENSE:
        words = [word for value in values for word in ("--set", value)]
        command = ["helm", "template", "trial", str(chart), f"--kube-version={version}", *words]
        answer = subprocess.run(command, capture_output=True, text=True)
        assert answer.returncode != 0, f"{values} was taken"
        assert reason in answer.stderr, f"{values} was refused, but not with {reason!r}:\n{answer.stderr}"
    return len(NONSENSE)
