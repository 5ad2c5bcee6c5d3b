using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Conformance;

[Collection(nameof(SharedServer))]
public sealed class RestJsonTests(SharedServer shared) : OipContract(shared)
{
    protected override OipClient Client => new RestJsonClient(Server);
}

[Collection(nameof(SharedServer))]
public sealed class RestBinaryTests(SharedServer shared) : OipContract(shared)
{
    protected override OipClient Client => new RestBinaryClient(Server);
}

[Collection(nameof(SharedServer))]
public sealed class GrpcTypedTests(SharedServer shared) : OipContract(shared)
{
    protected override OipClient Client => new GrpcTypedClient(Server);
}

[Collection(nameof(SharedServer))]
public sealed class GrpcRawTests(SharedServer shared) : OipContract(shared)
{
    protected override OipClient Client => new GrpcRawClient(Server);
}

[Collection(nameof(SharedServer))]
public sealed class GrpcStreamTests(SharedServer shared) : OipContract(shared)
{
    protected override OipClient Client => new GrpcStreamClient(Server);
}
