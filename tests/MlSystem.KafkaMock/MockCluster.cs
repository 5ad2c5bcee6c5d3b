using System.Runtime.InteropServices;

namespace MlSystem.KafkaMock;

/// <summary>One mock cluster with one broker.</summary>
internal sealed class MockCluster : IDisposable
{
    private const int Producer = 0;
    private const int Broker = 1;
    private readonly IntPtr _client;
    private readonly IntPtr _cluster;

    public MockCluster()
    {
        var error = new byte[512];
        var configuration = Native.ConfNew();

        // Errors only: the client that hosts the cluster warns that it has no broker itself.
        _ = Native.ConfSet(configuration, "log_level", "3", error, (nuint)error.Length);
        _client = Native.New(Producer, configuration, error, (nuint)error.Length);
        _cluster = _client == IntPtr.Zero ? IntPtr.Zero : Native.ClusterNew(_client, 1);
        if (_cluster == IntPtr.Zero)
        {
            throw new InvalidOperationException("The mock cluster could not be made: " + System.Text.Encoding.UTF8.GetString(error).TrimEnd('\0'));
        }

        // Without a controller a client's topic administration waits instead of learning that there is none.
        Native.SetController(_cluster, Broker);

        // A real broker waits 3 s for further members before the first assignment; tests need not.
        Native.InitialRebalanceDelay(_cluster, 100);
    }

    public string BootstrapServers => Marshal.PtrToStringUTF8(Native.Bootstraps(_cluster))!;

    public int CreateTopic(string name, int partitions) => Native.TopicCreate(_cluster, name, partitions, 1);

    public int SetDown() => Native.SetDown(_cluster, Broker);

    public int SetUp() => Native.SetUp(_cluster, Broker);

    public void Dispose()
    {
        Native.ClusterDestroy(_cluster);
        Native.Destroy(_client);
    }
}
