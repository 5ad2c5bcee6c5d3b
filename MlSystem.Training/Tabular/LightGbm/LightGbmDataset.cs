using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using MlSystem.Training.Tabular.Features;
using static MlSystem.Training.Tabular.LightGbm.LightGbmNative;

namespace MlSystem.Training.Tabular.LightGbm;

/// <summary>
/// LightGBM's binned rows. They are pushed block by block, so that beside the raw columns there is never a second
/// matrix of them; one byte a value stays.
/// </summary>
internal sealed class LightGbmDataset : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>Rows that choose the bins' borders: 255 bins need no more.</summary>
    private const int SampledRows = 50_000;
    private const int BlockRows = 8192;

    private LightGbmDataset(nint handle)
        : base(ownsHandle: true) => SetHandle(handle);

    public nint Pointer => handle;

    /// <param name="reference">Rows whose bins are taken; null: own bins.</param>
    public static LightGbmDataset Create(TrainingSet set, string parameters, LightGbmDataset? reference = null)
    {
        var features = set.Features;
        nint pointer;
        if (reference is null)
        {
            pointer = FromSample(features, parameters);
        }
        else
        {
            Check(LGBM_DatasetCreateByReference(reference.handle, features.Rows, out pointer));
        }

        var dataset = new LightGbmDataset(pointer);
        dataset.Push(features);
        dataset.Describe(set);
        return dataset;
    }

    protected override bool ReleaseHandle() => LGBM_DatasetFree(handle) == 0;

    private static nint FromSample(FeatureRows features, string parameters)
    {
        var rows = Math.Min(features.Rows, SampledRows);
        var sample = new ColumnSample(features.Width);
        var row = new float[features.Width];
        for (var i = 0; i < rows; i++)
        {
            features.Fill((int)((long)i * features.Rows / rows), 1, row);
            sample.Add(row, i);
        }

        using var pins = sample.Pin();
        Check(LGBM_DatasetCreateFromSampledColumn(pins.Values, pins.Rows, features.Width, sample.Counts, rows, features.Rows, features.Rows, Utf8(parameters), out var pointer));
        return pointer;
    }

    private void Push(FeatureRows features)
    {
        if (features.CodeColumns > 0)
        {
            PushSparse(features);
            return;
        }

        var block = new float[Math.Min(BlockRows, features.Rows) * features.Width];
        for (var start = 0; start < features.Rows; start += BlockRows)
        {
            var count = Math.Min(BlockRows, features.Rows - start);
            features.Fill(start, count, block.AsSpan(0, count * features.Width));
            Check(LGBM_DatasetPushRows(handle, block, Float32, count, features.Width, start));
        }
    }

    private void PushSparse(FeatureRows features)
    {
        var block = new SparseBlock(features, BlockRows);
        for (var start = 0; start < features.Rows; start += BlockRows)
        {
            block.Fill(start, Math.Min(BlockRows, features.Rows - start));
            Check(LGBM_DatasetPushRowsByCSR(handle, block.Starts, Index32, block.Columns, block.Values, Float32, block.Rows + 1, block.Count, features.Width, start));
        }
    }

    private void Describe(TrainingSet set)
    {
        var label = set.Targets.AsFloats();
        Check(LGBM_DatasetSetField(handle, Utf8("label"), label, label.Length, Float32));
        if (set.Targets.Weights is { } weights)
        {
            Check(LGBM_DatasetSetField(handle, Utf8("weight"), weights, weights.Length, Float32));
        }

        if (set.StartScores is { } scores)
        {
            // LightGBM wants them class by class, here they stand row by row.
            var outputs = scores.Length / set.Features.Rows;
            var byClass = new double[scores.Length];
            for (var i = 0; i < scores.Length; i++)
            {
                byClass[(i % outputs * set.Features.Rows) + (i / outputs)] = scores[i];
            }

            Check(LGBM_DatasetSetField(handle, Utf8("init_score"), byClass, byClass.Length, Float64));
        }
    }
}

/// <summary>The values of sampled rows that are not zero, column by column, as LightGBM takes them.</summary>
internal sealed class ColumnSample(int width)
{
    private readonly List<double>[] _values = [.. Enumerable.Range(0, width).Select(_ => new List<double>())];
    private readonly List<int>[] _rows = [.. Enumerable.Range(0, width).Select(_ => new List<int>())];

    public int[] Counts => [.. _values.Select(v => v.Count)];

    public void Add(ReadOnlySpan<float> row, int index)
    {
        for (var c = 0; c < row.Length; c++)
        {
            if (row[c] != 0)
            {
                _values[c].Add(row[c]);
                _rows[c].Add(index);
            }
        }
    }

    public Pinned Pin() => new(_values, _rows);

    internal sealed class Pinned : IDisposable
    {
        private readonly List<GCHandle> _handles = [];

        public Pinned(List<double>[] values, List<int>[] rows)
        {
            Values = [.. values.Select(v => Address(v.ToArray()))];
            Rows = [.. rows.Select(r => Address(r.ToArray()))];
        }

        public nint[] Values { get; }

        public nint[] Rows { get; }

        public void Dispose() => _handles.ForEach(h => h.Free());

        private nint Address<T>(T[] array)
        {
            var pin = GCHandle.Alloc(array, GCHandleType.Pinned);
            _handles.Add(pin);
            return pin.AddrOfPinnedObject();
        }
    }
}
