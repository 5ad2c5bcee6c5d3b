using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Streams.Aggregates;

/// <summary>Values in snapshots of the state; they tell their own kind.</summary>
internal static class ValueCodec
{
    private enum Kind : byte
    {
        Missing,
        Bits,
        Text,
        Int32List,
        Int64List,
        Fp32List,
        Fp64List,
        TextList,
    }

    public static void Write(BinaryWriter writer, in FeatureValue value)
    {
        var kind = !value.HasValue ? Kind.Missing : value.Text is not null ? Kind.Text : value.List switch
        {
            null => Kind.Bits,
            int[] => Kind.Int32List,
            long[] => Kind.Int64List,
            float[] => Kind.Fp32List,
            double[] => Kind.Fp64List,
            _ => Kind.TextList,
        };
        writer.Write((byte)kind);
        switch (kind)
        {
            case Kind.Bits:
                writer.Write(value.AsInt64);
                break;
            case Kind.Text:
                writer.Write(value.Text!);
                break;
            case not Kind.Missing:
                WriteList(writer, value.List!);
                break;
        }
    }

    public static FeatureValue Read(BinaryReader reader) => (Kind)reader.ReadByte() switch
    {
        Kind.Missing => FeatureValue.Missing,
        Kind.Bits => FeatureValue.Of(reader.ReadInt64()),
        Kind.Text => FeatureValue.Of(reader.ReadString()),
        Kind.Int32List => List(reader, reader.ReadInt32),
        Kind.Int64List => List(reader, reader.ReadInt64),
        Kind.Fp32List => List(reader, reader.ReadSingle),
        Kind.Fp64List => List(reader, reader.ReadDouble),
        Kind.TextList => List(reader, reader.ReadString),
        var kind => throw new InvalidDataException($"Kind {kind} of a value is unknown."),
    };

    public static int Bytes(in FeatureValue value) => value.Text is { } text ? 24 + (2 * text.Length) : value.List is { } list ? 24 + (8 * list.Length) : 0;

    private static void WriteList(BinaryWriter writer, Array list)
    {
        writer.Write7BitEncodedInt(list.Length);
        Action<object> write = list switch
        {
            int[] => element => writer.Write((int)element),
            long[] => element => writer.Write((long)element),
            float[] => element => writer.Write((float)element),
            double[] => element => writer.Write((double)element),
            _ => element => writer.Write((string)element),
        };
        foreach (var element in list)
        {
            write(element);
        }
    }

    private static FeatureValue List<T>(BinaryReader reader, Func<T> read)
    {
        var elements = new T[reader.Read7BitEncodedInt()];
        for (var i = 0; i < elements.Length; i++)
        {
            elements[i] = read();
        }

        return FeatureValue.Of(elements);
    }
}
