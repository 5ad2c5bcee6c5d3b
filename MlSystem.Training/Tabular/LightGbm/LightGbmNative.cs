using System.Runtime.InteropServices;
using System.Text;

namespace MlSystem.Training.Tabular.LightGbm;

/// <summary>The part of LightGBM's C API (version 4) that training needs.</summary>
internal static class LightGbmNative
{
    public const int Float32 = 0;
    public const int Float64 = 1;
    public const int Index32 = 2;
    public const int RawScore = 1;
    private const string Library = "lib_lightgbm";
    private const DllImportSearchPath Search = DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory;

    /// <exception cref="LightGbmException">The library reported a failure.</exception>
    public static void Check(int status)
    {
        if (status != 0)
        {
            throw new LightGbmException(Marshal.PtrToStringUTF8(LGBM_GetLastError()) ?? "unknown");
        }
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + '\0');

#pragma warning disable SYSLIB1054, CA1707 // The source generator needs unsafe code; the names are the library's.
    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_DatasetCreateFromSampledColumn(
        nint[] values, nint[] rows, int columns, int[] counts, int sampledRows, int localRows, long totalRows, byte[] parameters, out nint dataset);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_DatasetCreateByReference(nint reference, long rows, out nint dataset);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_DatasetPushRows(nint dataset, float[] values, int type, int rows, int columns, int start);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_DatasetPushRowsByCSR(
        nint dataset, int[] starts, int startsType, int[] columns, float[] values, int type, long startsCount, long elements, long width, long firstRow);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_DatasetSetField(nint dataset, byte[] name, float[] values, int count, int type);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_DatasetSetField(nint dataset, byte[] name, double[] values, int count, int type);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_DatasetFree(nint dataset);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_BoosterCreate(nint dataset, byte[] parameters, out nint booster);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_BoosterAddValidData(nint booster, nint dataset);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_BoosterUpdateOneIter(nint booster, out int finished);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_BoosterGetEval(nint booster, int data, out int count, double[] values);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_BoosterPredictForMat(
        nint booster, float[] values, int type, int rows, int columns, int rowMajor, int predictType, int start, int iterations, byte[] parameters, out long length, double[] result);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_BoosterSaveModelToString(nint booster, int start, int iterations, int importance, long buffer, out long length, byte[]? text);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    public static extern int LGBM_BoosterFree(nint booster);

    [DllImport(Library), DefaultDllImportSearchPaths(Search)]
    private static extern nint LGBM_GetLastError();
#pragma warning restore SYSLIB1054, CA1707
}

/// <summary>LightGBM refused or failed; the message is its own.</summary>
public sealed class LightGbmException(string message) : Exception($"LightGBM: {message}");
